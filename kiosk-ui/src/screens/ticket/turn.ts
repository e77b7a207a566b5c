/// When the phone must ring: once for each call of this number, also for one that came while the line was down.

import type { TicketView } from '../../wire';

export function callOf(view: TicketView): string | null {
  return view.state === 'called' ? `${view.counter ?? ''}#${view.calls}` : null;
}

/// Remembers the last call it rang for.
export class Turn {
  #rung: string | null = null;

  /// Whether `view` is a call that has not been rung yet.
  isNew(view: TicketView): boolean {
    const call = callOf(view);
    const fresh = call !== null && call !== this.#rung;
    this.#rung = call;
    return fresh;
  }
}
