/// One wish, one number: which key a press, a double press, a reload and a second person use.

import { beforeEach, expect, test } from 'vitest';
import { interrupted, keyFor, settle, wishMsMax } from '../src/screens/kiosk/wish';

const wish = { service: 'repair', class: 'ordinary', language: 'zh' };
const other = { ...wish, service: 'pay' };

beforeEach(() => localStorage.clear());

test('the same wish keeps its key until its number was shown', () => {
  const key = keyFor(wish, 1_000);
  expect(keyFor(wish, 2_000)).toBe(key);
  settle(key, 3_000);
  expect(keyFor(wish, 4_000)).not.toBe(key);
});

test('another wish has another key and does not lose the first', () => {
  const key = keyFor(wish, 1_000);
  expect(keyFor(other, 2_000)).not.toBe(key);
  expect(keyFor(wish, 3_000)).toBe(key);
});

test('a reload finds the wish that was under way, for a while', () => {
  const key = keyFor(wish, 1_000);
  expect(interrupted(2_000)).toEqual({ key, wish, atMs: 1_000 });
  expect(interrupted(1_000 + wishMsMax)).toBeNull();
  settle(key, 2_000);
  expect(interrupted(2_000)).toBeNull();
});

test('what is kept may be damaged', () => {
  localStorage.setItem('warmhall.kiosk.wishes', '{oops');
  expect(interrupted(1)).toBeNull();
  expect(keyFor(wish, 1)).toMatch(/^[0-9a-f]{32}$/);
});
