/// No screen takes a longer text than the server does: what was typed in a cellar is not refused afterwards.

import { expect, test } from 'vitest';
import { flagsOf } from '../src/screens/work/order';
import { textCharsMax } from '../src/wire';
import { order } from './orders';

const screens = import.meta.glob<string>('../src/**/*.svelte', { query: '?raw', import: 'default', eager: true });

test('every box stops where the server does', () => {
  const longer = Object.entries(screens).flatMap(([file, text]) =>
    [...text.matchAll(/maxlength=(?:\{|")(\d+)(?:\}|")/g)].filter(([, chars]) => Number(chars) >= textCharsMax).map(([box]) => `${file}: ${box}`),
  );
  expect(Object.keys(screens).length).toBeGreaterThan(50);
  expect(longer, 'name the shared bound instead: textCharsMax').toEqual([]);
});

test('an order that climbed says to whom', () => {
  expect(flagsOf(order('20261123-0001', { escalation: 2, escalated_to: { zh: '综合服务岗', en: 'Service coordinator' } }))).toContain('Escalated, level 2 · Service coordinator');
  expect(flagsOf(order('20261123-0001', { escalation: 1 }))).toContain('Escalated, level 1');
});
