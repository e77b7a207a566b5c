/// Both languages say everything, and times read well in each.

import { expect, test } from 'vitest';
import { texts, tongue } from '../src/lang';
import { hallTexts } from '../src/lang/hall';
import { clock, dayKey, duration, longDate, openingHours, stopwatch, waitRange } from '../src/lang/format';

const leaves = (value: unknown, path = ''): [string, unknown][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`))
    : [[path, value]];

// Words that one language does not need.
const emptyOnPurpose = ['.display.pauseReasons.other', '.kiosk.aheadUnit'];

test('the same keys, none empty, no Chinese in English', () => {
  const zh = [...leaves(texts.zh), ...leaves(hallTexts.zh)];
  const en = [...leaves(texts.en), ...leaves(hallTexts.en)];
  expect(en.map(([path]) => path).sort()).toEqual(zh.map(([path]) => path).sort());
  for (const [path, value] of [...zh, ...en]) {
    if (typeof value === 'string' && !emptyOnPurpose.includes(path)) expect(value, path).not.toBe('');
  }
  for (const [path, value] of en) {
    if (typeof value === 'string' && path !== '.common.switchTo') expect(value, path).not.toMatch(/\p{Script=Han}/u);
  }
});

test('a wait is a range in words, never zero', () => {
  expect(waitRange({ low_min: 10, high_min: 18 }, 'zh')).toBe('约 10–18 分钟');
  expect(waitRange({ low_min: 10, high_min: 18 }, 'en')).toBe('about 10–18 min');
  expect(waitRange({ low_min: 0, high_min: 0 }, 'zh')).toBe('1 分钟以内');
});

test('times stand in the hall’s zone', () => {
  const at = '2026-11-22T16:05:09Z';
  expect(clock(at, 'zh', 'Asia/Shanghai')).toBe('00:05');
  expect(dayKey(at, 'Asia/Shanghai')).toBe('2026-11-23');
  expect(longDate(at, 'zh', 'Asia/Shanghai')).toBe('11月23日 星期一');
  expect(longDate(at, 'en', 'Asia/Shanghai')).toBe('Monday 23 November');
});

test('durations and hours', () => {
  expect(duration(59, 'en')).toBe('59 s');
  expect(duration(3900, 'zh')).toBe('1 小时 5 分');
  expect(stopwatch(247)).toBe('4:07');
  expect(openingHours({ days: ['mon', 'tue', 'wed', 'thu', 'fri'], open: '08:30', close: '11:30' }, 'zh')).toBe('周一至周五 08:30–11:30');
  expect(openingHours({ days: ['mon', 'wed', 'fri'], open: '09:00', close: '12:00' }, 'en')).toBe('Mon, Wed, Fri 09:00–12:00');
});

test('a text missing in one language is read in the other', () => {
  tongue.use('en', false);
  expect(tongue.pick({ zh: '报修', en: '' })).toBe('报修');
  expect(document.documentElement.lang).toBe('en');
});
