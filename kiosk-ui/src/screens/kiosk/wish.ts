/// One wish, one number: the key of a request for a number is kept before it is sent and used again, after a reload or a lost answer,
/// until its number has been shown. A number that was issued but never shown is thereby given to whoever asks for the same next.

import { newKey } from '../../api';

export interface Wish {
  service: string;
  class: string;
  language: string;
}
export interface Kept {
  key: string;
  wish: Wish;
  atMs: number;
}

const keptAs = 'warmhall.kiosk.wishes';
/// Older wishes are dropped: the person has left, and the number would come out of nowhere.
export const wishMsMax = 3 * 60_000;
const wishesMax = 8;

/// The key for `wish`: the unsettled one if there is one, else a new one, kept before this returns.
export function keyFor(wish: Wish, nowMs: number): string {
  const all = fresh(nowMs);
  const same = all.find((each) => each.wish.service === wish.service && each.wish.class === wish.class && each.wish.language === wish.language);
  const key = same?.key ?? newKey();
  keep([...all.filter((each) => each.key !== key), { key, wish, atMs: nowMs }]);
  return key;
}

/// The number was shown, or it is certain that there is none.
export function settle(key: string, nowMs: number): void {
  keep(fresh(nowMs).filter((each) => each.key !== key));
}

/// The wish that was under way when the page went away, if any.
export function interrupted(nowMs: number): Kept | null {
  const all = fresh(nowMs);
  return all[all.length - 1] ?? null;
}

function fresh(nowMs: number): Kept[] {
  try {
    const all = JSON.parse(localStorage.getItem(keptAs) ?? '[]') as Kept[];
    return all.filter((each) => typeof each.key === 'string' && Math.abs(nowMs - each.atMs) < wishMsMax);
  } catch {
    return [];
  }
}

function keep(all: Kept[]): void {
  localStorage.setItem(keptAs, JSON.stringify(all.slice(-wishesMax)));
}
