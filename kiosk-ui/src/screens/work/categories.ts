/// Finding a category by its code, its Chinese name, its pinyin (whole, begun, or first letters), or its English name.

import type { PlanCategory } from './shapes';

/// What of a reading may be typed for it: the whole, or how it begins.
const beginnings = (reading: string): string[] => [reading, ...(/^[zcs]h/.test(reading) ? [reading.slice(0, 2)] : []), reading.slice(0, 1)];

/// Whether `typed` runs through the readings from one character on: `ls`, `loush` and `lous` all find 漏水.
function runs(readings: string[], at: number, typed: string): boolean {
  if (typed === '') return true;
  const ways = readings[at]?.split(' ') ?? [];
  return ways.some((reading) => reading.startsWith(typed) || beginnings(reading).some((each) => typed.startsWith(each) && runs(readings, at + 1, typed.slice(each.length))));
}

/// Whether `typed` is how some run of characters sounds.
export const soundsLike = (readings: string[], typed: string): boolean => readings.some((_, at) => runs(readings, at, typed));

export interface Found {
  category: PlanCategory;
  /// Its parents, from the top.
  path: PlanCategory[];
}

const foundMax = 8;

/// Those that can be chosen: a leaf of the tree, or a parent, which is a fair answer when nobody knows more.
export function find(categories: PlanCategory[], typed: string, max: number = foundMax): Found[] {
  const wanted = typed.trim().toLowerCase();
  const byId = new Map(categories.map((each) => [each.id, each]));
  const path = (category: PlanCategory): PlanCategory[] => {
    const above: PlanCategory[] = [];
    for (let up = byId.get(category.parent ?? ''); up !== undefined && above.length < 5; up = byId.get(up.parent ?? '')) above.unshift(up);
    return above;
  };
  const ranked: { found: Found; rank: number; place: number }[] = [];
  categories.forEach((category, place) => {
    const rank = rankOf(category, wanted, category.parent === null);
    if (rank !== null) ranked.push({ found: { category, path: path(category) }, rank, place });
  });
  return ranked.sort((a, b) => a.rank - b.rank || a.place - b.place).slice(0, max).map((each) => each.found);
}

/// Smaller is better; null: not found. A whole branch is a poorer answer than a kind.
function rankOf(category: PlanCategory, wanted: string, isBranch: boolean): number | null {
  const later = isBranch ? 0.5 : 0;
  if (wanted === '') return isBranch ? null : 9;
  const id = category.id.toLowerCase();
  // The shorter code first: R1 before R1-1.
  if (id.startsWith(wanted)) return (id.length - wanted.length) / 100;
  if (category.name.zh.includes(wanted)) return 2 + later;
  const sound = wanted.replace(/[\s']/g, '');
  if (/^[a-z0-9]+$/.test(sound) && soundsLike(category.pinyin, sound)) return 3 + later;
  if (category.name.en.toLowerCase().includes(wanted)) return 4 + later;
  return null;
}
