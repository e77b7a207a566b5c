/// The page in a cellar: a worker of the browser's keeps its files, this keeps who was here, until they sign out.

import { Problem } from '../../api';
import type { User } from '../../wire';
import { forget, hereAs } from '../staff/forget';
import type { Plan } from '../work/shapes';

const workerAt = '/team-worker.js';

export interface Here {
  user: User;
  plan: Plan;
}

/// Browsers allow it over https and on this machine; elsewhere the page works as long as it stays open.
export function keepFiles(): void {
  void navigator.serviceWorker?.register(workerAt, { scope: '/team' }).catch(() => undefined);
}

/// Nobody answered: the network is away, or the server is.
export const isAway = (error: unknown): boolean => error instanceof Problem && (error.status === 0 || error.status >= 502);

export function readHere(): Here | null {
  try {
    const kept = JSON.parse(localStorage.getItem(hereAs) ?? 'null') as Here | null;
    return kept !== null && typeof kept.user?.username === 'string' && Array.isArray(kept.plan?.teams) ? kept : null;
  } catch {
    return null;
  }
}

/// Whoever signed in before on this phone leaves nothing to read; what they had not sent yet waits for them.
export function keepHere(here: Here): void {
  try {
    const before = readHere();
    if (before !== null && before.user.username !== here.user.username) forget(['warmhall.team.']);
    localStorage.setItem(hereAs, JSON.stringify(here));
  } catch {
    // Too much for this browser: it opens with the network only.
  }
}
