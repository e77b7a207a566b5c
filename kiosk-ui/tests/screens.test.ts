/// Screens as people meet them: what they say in each language, what a press does, and no serious finding of axe.

import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import axe from 'axe-core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tongue } from '../src/lang';
import Board from '../src/screens/board/Board.svelte';
import Kiosk from '../src/screens/kiosk/Kiosk.svelte';
import type { Language } from '../src/wire';
import { board, issued, kiosk } from './hall';

class Line {
  static last: Line;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor() {
    Line.last = this;
  }
  close(): void {}
  say(state: object): void {
    this.onmessage?.({ data: JSON.stringify({ type: 'snapshot', epoch: 'e1', rev: 1, at: '2026-11-23T01:00:02Z', state }) });
  }
}

let posts: { key: string | null; body: unknown }[];
let replies: (() => Response | Promise<Response>)[];
const json = (status: number, body: object) => new Response(JSON.stringify(body), { status });

beforeEach(() => {
  localStorage.clear();
  posts = [];
  replies = [];
  vi.stubGlobal('WebSocket', Line);
  vi.stubGlobal('print', vi.fn());
  vi.stubGlobal('fetch', (_url: string, init: RequestInit) => {
    posts.push({ key: new Headers(init.headers).get('idempotency-key'), body: JSON.parse(String(init.body)) });
    return Promise.resolve(replies.shift()?.() ?? json(500, {}));
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

async function serious(): Promise<string[]> {
  // Colours need a real browser; they are held by the contrast test and the browser walks.
  const result = await axe.run(document.body, { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } });
  return result.violations.filter((each) => each.impact === 'serious' || each.impact === 'critical').map((each) => `${each.id}: ${each.nodes[0]?.html}`);
}

async function openKiosk(language: Language): Promise<void> {
  tongue.use(language, false);
  render(Kiosk);
  Line.last.say(kiosk);
  await screen.findByRole('heading', { level: 1 });
}

const words = { zh: { service: /报修/, take: '取号', closed: /缴费/, desk: /请到咨询台/ }, en: { service: /Repairs/, take: 'Take a number', closed: /Payment/, desk: /help desk/ } };

for (const language of ['zh', 'en'] as const) {
  test(`kiosk, ${language}: two touches to a number, then paper`, async () => {
    await openKiosk(language);
    expect(await serious()).toEqual([]);
    replies = [() => json(201, issued)];
    await fireEvent.click(screen.getByRole('button', { name: words[language].service }));
    expect(await serious()).toEqual([]);
    await fireEvent.click(screen.getByRole('button', { name: words[language].take }));
    expect((await screen.findAllByText('B007')).length).toBeGreaterThan(0);
    expect(posts).toHaveLength(1);
    expect(posts[0]?.body).toEqual({ service: 'repair', class: 'ordinary', language });
    await vi.waitFor(() => expect(print).toHaveBeenCalledTimes(1));
    await vi.waitFor(() => expect(localStorage.getItem('warmhall.kiosk.wishes')).toBe('[]'));
    expect(await serious()).toEqual([]);
  });

  test(`kiosk, ${language}: a closed service says what to do`, async () => {
    await openKiosk(language);
    await fireEvent.click(screen.getByRole('button', { name: words[language].closed }));
    const dialog = await screen.findByRole('dialog', { name: words[language].closed });
    expect(dialog.textContent).toMatch(words[language].desk);
    expect(posts).toHaveLength(0);
  });
}

test('kiosk: a double tap sends one request', async () => {
  await openKiosk('zh');
  await fireEvent.click(screen.getByRole('button', { name: words.zh.service }));
  const take = screen.getByRole('button', { name: '取号' });
  replies = [() => json(201, issued), () => json(201, issued)];
  void fireEvent.click(take);
  void fireEvent.click(take);
  await screen.findAllByText('B007');
  expect(posts).toHaveLength(1);
});

test('kiosk: a lost answer is asked for again with the key that was kept', async () => {
  await openKiosk('zh');
  replies = [() => Promise.reject(new TypeError('network')), () => json(201, issued)];
  await fireEvent.click(screen.getByRole('button', { name: words.zh.service }));
  await fireEvent.click(screen.getByRole('button', { name: '取号' }));
  await screen.findByText('不会重复取号，请放心。');
  await vi.waitFor(() => expect(screen.queryAllByText('B007').length).toBeGreaterThan(0), { timeout: 5_000 });
  expect(posts).toHaveLength(2);
  expect(posts[1]?.key).toBe(posts[0]?.key);
});

test('kiosk: a reload in the middle goes on with the same key', async () => {
  await openKiosk('zh');
  replies = [() => new Promise(() => {})];
  await fireEvent.click(screen.getByRole('button', { name: words.zh.service }));
  await fireEvent.click(screen.getByRole('button', { name: '取号' }));
  cleanup();
  replies = [() => json(201, issued)];
  render(Kiosk);
  Line.last.say(kiosk);
  await screen.findAllByText('B007');
  expect(posts).toHaveLength(2);
  expect(posts[1]).toEqual(posts[0]);
});

test('kiosk: a refusal is told in the reader’s language, and the key is done with', async () => {
  await openKiosk('en');
  replies = [() => json(409, { code: 'service_full', status: 409, title: '' })];
  await fireEvent.click(screen.getByRole('button', { name: words.en.service }));
  await fireEvent.click(screen.getByRole('button', { name: 'Take a number' }));
  await screen.findByRole('dialog', { name: 'This service has no numbers left today.' });
  expect(localStorage.getItem('warmhall.kiosk.wishes')).toBe('[]');
});

test('kiosk: a closed hall says when it opens', async () => {
  tongue.use('zh', false);
  render(Kiosk);
  Line.last.say({ ...kiosk, open: false, standing: 'break', opens_at: '2026-11-23T05:00:00Z' });
  await screen.findByText('今天 13:00 开始取号');
  expect(await serious()).toEqual([]);
});

test('board: number, counter, waiting and missed, in both languages at once', async () => {
  render(Board);
  Line.last.say(board);
  await screen.findAllByText('B007');
  for (const word of ['12', '报修', 'Repairs', '已过号', 'Missed', '约 4–9 分钟 min', '第 2 次呼叫', 'Call 2']) {
    expect(screen.getAllByText(word).length, word).toBeGreaterThan(0);
  }
  expect(await serious()).toEqual([]);
});
