/// A counter's services as a lead sets them: own, helping after some minutes, or never.

import type { LeadCounter, LeadService } from '../../wire';

export type Part = 'mine' | 'help' | 'never';
export interface Row {
  service: string;
  part: Part;
  minutes: string;
}

const helpMinDefault = 5;
export const helpMinMax = 240;

export function rowsOf(counter: LeadCounter, services: LeadService[]): Row[] {
  return services.map((service) => {
    const offer = counter.services.find((each) => each.id === service.id);
    const offset = offer?.offset_min ?? null;
    if (offer === undefined || offset === null) return { service: service.id, part: 'never', minutes: String(helpMinDefault) };
    return { service: service.id, part: offset === 0 ? 'mine' : 'help', minutes: String(offset || helpMinDefault) };
  });
}

export function offersOf(rows: Row[]): { service: string; offset_min: number }[] {
  return rows.filter((row) => row.part !== 'never').map((row) => ({ service: row.service, offset_min: row.part === 'mine' ? 0 : helpMinutes(row.minutes) }));
}

function helpMinutes(typed: string): number {
  const minutes = Math.round(Number(typed));
  return Number.isFinite(minutes) ? Math.min(helpMinMax, Math.max(1, minutes)) : helpMinDefault;
}
