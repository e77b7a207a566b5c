/// An order as it will be when what waits has been sent, so that the work in the cellar goes on without the network.

import type { OrderBrief, OrderState } from '../work/shapes';
import type { StepName } from '../work/doors';
import type { Entry } from './outbox';

type Held = Pick<OrderBrief, 'state'>;

export function stateAfter(state: OrderState, entries: Pick<Entry, 'step' | 'body' | 'refused'>[]): OrderState {
  let now = state;
  for (const entry of entries) {
    if (entry.refused !== null) continue;
    if (entry.step === 'accept' && now === 'dispatched') now = 'accepted';
    else if (entry.step === 'contact' && now === 'accepted' && entry.body['outcome'] === 'reached') now = 'contacted';
    else if (entry.step === 'arrive' && (now === 'accepted' || now === 'contacted')) now = 'arrived';
    else if (entry.step === 'resolve') now = 'resolved';
    else if (entry.step === 'return') now = 'review';
    else if (entry.step === 'wait') now = 'waiting_customer';
    else if (entry.step === 'continue' && now === 'waiting_customer') now = 'accepted';
  }
  return now;
}

/// The one thing to do next.
export function nextStep(state: OrderState): StepName | null {
  switch (state) {
    case 'dispatched':
      return 'accept';
    case 'accepted':
      return 'contact';
    case 'contacted':
      return 'arrive';
    case 'arrived':
      return 'resolve';
    case 'waiting_customer':
      return 'continue';
    case 'review':
    case 'deferred':
    case 'merged':
    case 'resolved':
    case 'replied':
    case 'closed':
    case 'withdrawn':
      return null;
  }
}

/// What else may be done with it, beside the next step.
export function otherSteps(state: OrderState): StepName[] {
  const inHand = state === 'accepted' || state === 'contacted' || state === 'arrived';
  if (inHand) return [...(state === 'accepted' ? (['arrive'] as const) : []), ...(state === 'arrived' ? (['contact'] as const) : []), ...(state === 'arrived' ? [] : (['resolve'] as const)), 'act', 'measure', 'wait', 'extend', 'return'];
  if (state === 'dispatched') return ['return'];
  if (state === 'waiting_customer') return ['act', 'return'];
  return [];
}

export const isGone = (order: Held): boolean => nextStep(order.state) === null;
