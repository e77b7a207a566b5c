/// Whether this very browser tab holds the counter. The fence that opening gave is kept per tab, so that a reload goes on and a second
/// tab does not act in the first one's name.

import type { CounterState } from '../../wire';

export interface Seat {
  counter: string;
  fence: number;
}
const keptAs = 'warmhall.seat';

export function readSeat(counter: string): Seat | null {
  try {
    const seat = JSON.parse(sessionStorage.getItem(keptAs) ?? 'null') as Seat | null;
    return seat !== null && seat.counter === counter && typeof seat.fence === 'number' ? seat : null;
  } catch {
    return null;
  }
}

export function keepSeat(seat: Seat | null): void {
  try {
    if (seat === null) sessionStorage.removeItem(keptAs);
    else sessionStorage.setItem(keptAs, JSON.stringify(seat));
  } catch {
    // Not kept: after a reload the clerk opens the counter once more.
  }
}

/// `mine`: work. `closed`: open it. `occupied`: open elsewhere, and this tab never had it. `taken`: this tab had it and lost it.
export type Holding = 'mine' | 'closed' | 'occupied' | 'taken';

export function holding(counter: CounterState['counter'], seat: Seat | null): Holding {
  if (counter.state === 'closed') return 'closed';
  if (seat === null) return 'occupied';
  // The live picture may be a moment behind an opening that was just answered: a fence that is ahead is still ours.
  return counter.fence <= seat.fence ? 'mine' : 'taken';
}
