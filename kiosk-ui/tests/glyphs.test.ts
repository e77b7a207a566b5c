/// Whether a page needs our Chinese font.

import { expect, test } from 'vitest';
import { showsChinese } from '../src/look/glyphs';

test('characters that all look the same are boxes', () => {
  expect(showsChinese((text) => `pixels of ${text}`)).toBe(true);
  expect(showsChinese(() => 'a box')).toBe(false);
});
