/// Every pair of text and ground the design language names reads at 4.5:1 or better, in every look.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const css = readFileSync('src/look/tokens.css', 'utf8');
const block = (selector: string): Record<string, string> => {
  const body = css.slice(css.indexOf(`${selector} {`)).split('}')[0] ?? '';
  return Object.fromEntries([...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [match[1], match[2]]));
};
const light = block(':root');
const looks = {
  light,
  dark: { ...light, ...block(":root[data-look='dark']") },
  high: { ...light, ...block(":root[data-contrast='high']") },
};

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [bright, dim] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (bright + 0.05) / (dim + 0.05);
}

const grounds = ['paper', 'card', 'sunk'];
const pairs: [string, string][] = [
  ...['ink', 'ink-soft', 'ember', 'teal', 'alarm'].flatMap((text) => grounds.map((ground): [string, string] => [text, ground])),
  ['on-ember', 'ember'],
  ['on-ember', 'ember-deep'],
  ['on-teal', 'teal'],
  ['on-alarm', 'alarm'],
  ['ember', 'ember-tint'],
  ['ink', 'ember-tint'],
  ['ink-soft', 'ember-tint'],
  ['teal', 'teal-tint'],
  ['ink', 'teal-tint'],
  ['alarm', 'alarm-tint'],
  ['paper', 'ink'],
  ['on-band', 'band'],
];

for (const [look, colours] of Object.entries(looks)) {
  test(`${look}: text 4.5:1, edges of things to press 3:1`, () => {
    for (const [text, ground] of pairs) {
      expect(contrast(colours[text] ?? '', colours[ground] ?? ''), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
    for (const ground of grounds) {
      expect(contrast(colours['line-strong'] ?? '', colours[ground] ?? ''), `edge on ${ground}`).toBeGreaterThanOrEqual(3);
      expect(contrast(colours['focus'] ?? '', colours[ground] ?? ''), `focus on ${ground}`).toBeGreaterThanOrEqual(3);
    }
  });
}
