import { expect, test } from 'vitest';
import { part } from '../src/part';

test('a part that does not come is asked for again, ever more slowly, until it is there', async () => {
  const pauses: number[] = [];
  let tries = 0;
  const load = async (): Promise<string> => {
    tries += 1;
    if (tries <= 6) throw new TypeError('network');
    return 'there';
  };
  expect(await part(load, async (ms) => void pauses.push(ms))).toBe('there');
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
});

test('a style sheet that failed is asked for again; one that came stays', async () => {
  document.head.innerHTML = '<link rel="stylesheet" href="/failed.css"><link rel="stylesheet" href="/came.css">';
  const [failed, came] = document.querySelectorAll('link');
  Object.defineProperty(failed, 'sheet', { value: null });
  Object.defineProperty(came, 'sheet', { value: {} });
  let tries = 0;
  const load = async (): Promise<void> => {
    tries += 1;
    if (tries === 1) throw new Error('css');
  };
  await part(load, async () => undefined);
  const [first, second] = document.querySelectorAll('link');
  expect(first).not.toBe(failed);
  expect(first?.getAttribute('href')).toBe('/failed.css');
  expect(second).toBe(came);
  document.head.innerHTML = '';
});
