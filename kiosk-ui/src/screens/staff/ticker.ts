/// Now, by the server's clock; a component that reads it is drawn again every second.

import { createSubscriber } from 'svelte/reactivity';

const follow = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

export function nowOf(live: { now(): Date }): Date {
  follow();
  return live.now();
}

/// Whole seconds from `at` until now; never negative, because two clocks never agree quite.
export const secondsSince = (at: string | null, now: Date): number =>
  at === null ? 0 : Math.max(0, Math.floor((now.getTime() - new Date(at).getTime()) / 1000));
