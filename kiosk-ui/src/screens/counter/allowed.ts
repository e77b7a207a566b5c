/// What the clerk can do now; the server decides, this only keeps senseless buttons from being pressed.

import type { CounterState } from '../../wire';
import { secondsSince } from '../staff/ticker';
import type { Action } from './keys';

export function allowed(state: CounterState, action: Action, now: Date): boolean {
  const ticket = state.ticket?.state ?? null;
  const inHand = ticket === 'called' || ticket === 'serving';
  switch (action) {
    case 'next':
      return state.counter.state === 'open';
    case 'recall':
      return ticket === 'called' && recallInS(state, now) === 0;
    case 'start':
    case 'miss':
      return ticket === 'called';
    case 'park':
    case 'transfer':
    case 'finish':
      return inHand;
    case 'pause':
      return state.counter.state !== 'closed';
  }
}

/// Seconds until the number may be called again.
export function recallInS(state: CounterState, now: Date): number {
  const { ticket } = state;
  if (ticket?.state !== 'called' || ticket.called_at === null) return 0;
  return Math.max(0, state.recall_gap_s - secondsSince(ticket.called_at, now));
}
