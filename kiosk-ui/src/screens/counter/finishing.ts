/// From ticks and words to the `finish` of a ticket, and what is still lacking in it.

import type { Finish } from '../../api';
import type { KioskService, Material, MaterialMark, Outcome } from '../../wire';

export type Marks = Record<string, MaterialMark>;
export interface Form {
  outcome: Outcome;
  reason: string;
  solution: string;
  /// Ids of the service's materials that are missing.
  missing: string[];
  /// Other things that are missing, separated by commas.
  other: string;
}
export type Lack = 'reason' | 'solution' | 'materials';

const listedMax = 40;
const keptAs = 'warmhall.marks';

export const emptyForm = (): Form => ({ outcome: 'done', reason: '', solution: '', missing: [], other: '' });

/// Required materials that nobody marked, and those marked as anything but received.
export function incomplete(service: KioskService | null, marks: Marks): { unmarked: Material[]; notReceived: Material[] } {
  const required = (service?.materials ?? []).filter((each) => each.required);
  return {
    unmarked: required.filter((each) => marks[each.id] === undefined),
    notReceived: required.filter((each) => marks[each.id] !== undefined && marks[each.id] !== 'received'),
  };
}

export const missingOf = (service: KioskService | null, marks: Marks): string[] =>
  (service?.materials ?? []).filter((each) => marks[each.id] === 'missing').map((each) => each.id);

export function lacks(form: Form): Lack[] {
  if (form.outcome === 'refused') {
    const found: Lack[] = [];
    if (form.reason.trim() === '') found.push('reason');
    if (form.solution.trim() === '') found.push('solution');
    return found;
  }
  return form.outcome === 'missing_materials' && materialsOf(form).length === 0 ? ['materials'] : [];
}

export function materialsOf(form: Form): string[] {
  const other = form.other.split(/[,，、;；\n]/).map((each) => each.trim());
  return [...form.missing, ...other.filter((each) => each !== '')].slice(0, listedMax);
}

export function finishOf(form: Form, service: KioskService | null, marks: Marks): Finish {
  const finish: Finish = { outcome: form.outcome };
  if (form.outcome === 'refused' || form.outcome === 'missing_materials') {
    if (form.reason.trim() !== '') finish.reason = form.reason.trim();
    if (form.solution.trim() !== '') finish.solution = form.solution.trim();
  }
  if (form.outcome === 'missing_materials') finish.materials = materialsOf(form);
  const checks = (service?.materials ?? []).flatMap((each) => {
    const mark = marks[each.id];
    return mark === undefined ? [] : [{ material: each.id, mark }];
  });
  if (checks.length > 0) finish.checks = checks;
  return finish;
}

/// The ticks of the ticket in hand, kept over a reload.
export function readMarks(ticket: string): Marks {
  try {
    const kept = JSON.parse(sessionStorage.getItem(keptAs) ?? 'null') as { ticket: string; marks: Marks } | null;
    return kept?.ticket === ticket ? kept.marks : {};
  } catch {
    return {};
  }
}

export function keepMarks(ticket: string, marks: Marks): void {
  try {
    sessionStorage.setItem(keptAs, JSON.stringify({ ticket, marks }));
  } catch {
    // Not kept: a reload loses the ticks, nothing else.
  }
}
