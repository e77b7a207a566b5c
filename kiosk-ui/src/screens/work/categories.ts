/// Finding a category by its code, its Chinese name, the first letters of its pinyin, or its English name.

import type { PlanCategory } from './shapes';

/// The first character of each pinyin letter, in the order of the Chinese collation.
const firsts: [string, string][] = [
  ['a', '阿'],
  ['b', '八'],
  ['c', '擦'],
  ['d', '搭'],
  ['e', '蛾'],
  ['f', '发'],
  ['g', '旮'],
  ['h', '哈'],
  ['j', '击'],
  ['k', '喀'],
  ['l', '垃'],
  ['m', '妈'],
  ['n', '拿'],
  ['o', '哦'],
  ['p', '啪'],
  ['q', '期'],
  ['r', '然'],
  ['s', '撒'],
  ['t', '塌'],
  ['w', '挖'],
  ['x', '昔'],
  ['y', '压'],
  ['z', '匝'],
];
/// Characters with two readings: both letters find them.
const twofold: Record<string, string> = { 重: 'cz', 调: 'td', 行: 'xh', 降: 'jx', 参: 'cs', 长: 'cz', 率: 'ls', 单: 'ds', 查: 'cz', 传: 'cz', 期: 'qj', 会: 'hk' };

const collator = new Intl.Collator('zh-u-co-pinyin');
const han = /\p{Script=Han}/u;

/// The letters a character may begin with in pinyin; itself, in small letters, when it is not Chinese; nothing for a mark.
export function lettersOf(char: string): string {
  const both = twofold[char];
  if (both !== undefined) return both;
  if (!han.test(char)) return /[a-z0-9]/i.test(char) ? char.toLowerCase() : '';
  let found = '';
  for (const [letter, first] of firsts) if (collator.compare(char, first) >= 0) found = letter;
  return found;
}

/// Whether `typed` is the beginning of some run of first letters in `text`: `ls` finds 暖气漏水.
export function initialsMatch(text: string, typed: string): boolean {
  const letters = [...text].map(lettersOf).filter((each) => each !== '');
  for (let start = 0; start + typed.length <= letters.length; start += 1) {
    if ([...typed].every((letter, i) => letters[start + i]?.includes(letter))) return true;
  }
  return false;
}

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
  if (/^[a-z]+$/.test(wanted) && initialsMatch(category.name.zh, wanted)) return 3 + later;
  if (category.name.en.toLowerCase().includes(wanted)) return 4 + later;
  return null;
}
