/// 测温单: from what is typed in a kitchen to a record that holds as evidence, and what is still wrong with it.

import type { Signature } from '../work/shapes';

export interface Slip {
  room: string;
  reading: string;
  outdoor: string;
  pointOk: boolean;
  doorsShutMin: string;
  stableMin: string;
  instrument: string;
  calibratedUntil: string;
  signature: 'signed' | 'verbal' | 'refused';
  signedBy: string;
  objection: string;
  lab: string;
  result: string;
}
export type SlipLack = 'room' | 'reading' | 'instrument' | 'doors' | 'stable' | 'signature' | 'calibration';

/// What the norm asks: doors shut for half an hour, the reading still for ten minutes.
export const doorsShutMinLeast = 30;
export const stableMinLeast = 10;
/// The instrument rarely changes: remembered in this browser.
const keptAs = 'warmhall.instrument';

const tenths = (typed: string): number | null => {
  const degrees = Number(typed.trim().replace(',', '.'));
  return typed.trim() === '' || !Number.isFinite(degrees) ? null : Math.round(degrees * 10);
};
const whole = (typed: string): number => Math.max(0, Math.round(Number(typed) || 0));

export function lacksOf(slip: Slip): SlipLack[] {
  const found: SlipLack[] = [];
  if (slip.room.trim() === '') found.push('room');
  if (tenths(slip.reading) === null) found.push('reading');
  if (slip.instrument.trim() === '') found.push('instrument');
  if (slip.signature !== 'verbal' && slip.signedBy.trim() === '') found.push('signature');
  return found;
}

/// Not wrong, but the reading will be doubted.
export function doubtsOf(slip: Slip, today: string): SlipLack[] {
  const found: SlipLack[] = [];
  if (whole(slip.doorsShutMin) < doorsShutMinLeast) found.push('doors');
  if (whole(slip.stableMin) < stableMinLeast) found.push('stable');
  // The empty text is before every day: an instrument of which nobody says until when it holds is no better than one that does not.
  if (slip.calibratedUntil < today) found.push('calibration');
  return found;
}

const signatureOf = (slip: Slip): Signature =>
  slip.signature === 'verbal' ? 'verbal' : slip.signature === 'signed' ? { signed: slip.signedBy.trim() } : { refused: slip.signedBy.trim() };

export function bodyOf(slip: Slip, measuredAt: Date): Record<string, unknown> {
  const optional: [string, unknown][] = [
    ['outdoor_tenths', tenths(slip.outdoor)],
    ['calibrated_until', slip.calibratedUntil === '' ? null : slip.calibratedUntil],
    ['objection', slip.objection.trim() === '' ? null : slip.objection.trim()],
    ['lab', slip.lab.trim() === '' ? null : slip.lab.trim()],
    ['result', slip.result.trim() === '' ? null : slip.result.trim()],
  ];
  return {
    measured_at: measuredAt.toISOString(),
    room: slip.room.trim(),
    reading_tenths: tenths(slip.reading) ?? 0,
    point_ok: slip.pointOk,
    doors_shut_min: whole(slip.doorsShutMin),
    stable_min: whole(slip.stableMin),
    instrument: slip.instrument.trim(),
    signature: signatureOf(slip),
    ...Object.fromEntries(optional.filter(([, value]) => value !== null)),
  };
}

export function emptySlip(): Slip {
  const kept = readInstrument();
  return { room: '', reading: '', outdoor: '', pointOk: true, doorsShutMin: '30', stableMin: '10', instrument: kept.instrument, calibratedUntil: kept.calibratedUntil, signature: 'signed', signedBy: '', objection: '', lab: '', result: '' };
}

function readInstrument(): { instrument: string; calibratedUntil: string } {
  try {
    const kept = JSON.parse(localStorage.getItem(keptAs) ?? 'null') as { instrument?: string; calibratedUntil?: string } | null;
    return { instrument: kept?.instrument ?? '', calibratedUntil: kept?.calibratedUntil ?? '' };
  } catch {
    return { instrument: '', calibratedUntil: '' };
  }
}

export function keepInstrument(slip: Slip): void {
  try {
    localStorage.setItem(keptAs, JSON.stringify({ instrument: slip.instrument.trim(), calibratedUntil: slip.calibratedUntil }));
  } catch {
    // To be typed again next time.
  }
}
