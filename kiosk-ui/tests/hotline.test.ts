import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '../src/api';
import { desk as desks } from '../src/lang/hotline';
import { keepCalls, keptCalls, OpenCall, restMs, unsentMsMax, type Around } from '../src/screens/hotline/call.svelte';
import { addressOf, emptyForm, fieldsOf, formOf, lacks, patchOf, roomsOf, tenthsOf } from '../src/screens/hotline/form';
import { keyOf, read, type Press } from '../src/screens/hotline/keys';
import { mineToPop, popped, remember } from '../src/screens/hotline/pop';
import SidePanel from '../src/screens/hotline/SidePanel.svelte';
import { sinceOf } from '../src/screens/hotline/since';
import type { Doors } from '../src/screens/work/doors';
import type { AddressItem, CallFields, CallPatch, HotlineCall, HotlineState, Known } from '../src/screens/work/shapes';
import { hotlineState } from './orders';

const press = (key: string, more: Partial<Press> = {}): Press => ({ key, repeat: false, ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, ...more });
const room: AddressItem = {
  id: 'a1',
  label: '阳光花园 3号楼 2单元 501',
  depth: 'room',
  community: '阳光花园',
  building: '3号楼',
  unit: '2单元',
  room: '501',
  station: 'ZX-1',
  area: null,
  team: 'repair-east',
  riser: null,
  customer_no: '10023',
  heat_status: 'heated',
  area_m2: 92,
  share_ppm: 500,
};
const known: Known = { people: [], calls: [], tickets: [], orders: [], incidents: [], same_flat: null };
const call = (more: Partial<HotlineCall> = {}): HotlineCall => ({
  ...(fieldsOf(emptyForm()) as Omit<CallFields, 'address'>),
  address: { community: null, building: null, unit: null, room: null, text: null, station: null, area: null, riser: null, team: null, share_ppm: null },
  category_name: null,
  dialect: null,
  kb_article: null,
  recording_ref: null,
  seat: null,
  satisfaction: null,
  id: 'hc_1',
  channel: 'phone',
  direction: 'in',
  operator: 'operator:li',
  logged_at: '2026-11-23T01:00:00Z',
  changed_at: '2026-11-23T01:00:00Z',
  ended_at: null,
  phone_call: null,
  times: { ring_at: null, answered_at: '2026-11-23T01:00:00Z', ended_at: null, queue_seconds: null, time_source: 'manual' },
  caller_masked: null,
  disposition: null,
  note: null,
  work_order: null,
  incident: null,
  orders: [],
  repeat_of: null,
  ...more,
});

beforeEach(() => sessionStorage.clear());
afterEach(cleanup);

// Keys

test('each action has a key of its own; none reloads or leaves the page; an input method keeps its keys', () => {
  const keys = Object.values(keyOf);
  expect(new Set(keys).size).toBe(keys.length);
  for (const key of ['F1', 'F5', 'F11', 'F12']) expect(keys).not.toContain(key);
  for (const [action, key] of Object.entries(keyOf)) expect(read(press(key)).action).toBe(action);
  expect(read(press('F5'))).toEqual({ ours: true, action: null });
  expect(read(press('F8', { repeat: true }))).toEqual({ ours: true, action: null });
  expect(read(press('F8', { ctrlKey: true }))).toEqual({ ours: false, action: null });
  expect(read(press('Escape', { isComposing: true }))).toEqual({ ours: false, action: null });
  // Escape also closes dialogs and menus: the browser keeps it.
  expect(read(press('Escape'))).toEqual({ ours: false, action: 'other' });
});

// What is typed

test('the address box: the book’s entry, and behind it the caller’s own words', () => {
  expect(addressOf(room, '阳光花园 3号楼 2单元 501 东门进')).toMatchObject({ community: '阳光花园', room: '501', team: 'repair-east', text: '东门进' });
  expect(addressOf(room, '阳光花园 3号楼')).toMatchObject({ community: null, room: null, text: '阳光花园 3号楼' });
  expect(addressOf(null, '  ')).toMatchObject({ community: null, text: null });
});

test('temperatures and rooms as people say them', () => {
  expect(tenthsOf('16.5℃')).toBe(165);
  expect(tenthsOf('16,5')).toBe(165);
  expect(tenthsOf('冷')).toBeNull();
  expect(roomsOf('客厅、主卧 次卧，厨房')).toEqual(['客厅', '主卧', '次卧', '厨房']);
});

test('a number still being typed is not sent; a cleared field is sent as null', () => {
  const before = fieldsOf({ ...emptyForm(), name: '王' });
  expect(patchOf(before, fieldsOf({ ...emptyForm(), name: '王', number: '1391' }))).toEqual({});
  expect(patchOf(before, fieldsOf({ ...emptyForm(), number: '139 0000 1234' }))).toEqual({ caller_number: '139 0000 1234', caller_name: null });
});

test('a form read back from the server says the same again', () => {
  const form = { ...emptyForm(), number: '13900001234', name: '王', address: `${room.label} 东门`, chosen: room, category: 'R1', description: '不热', rooms: '客厅', temperature: '15.2', safety: true };
  const sent = fieldsOf(form);
  const { place_id, share_ppm, ...address } = sent.address;
  expect([place_id, share_ppm]).toEqual(['a1', 500]);
  // The entry's own number is only sent, never read back.
  expect(patchOf({ ...sent, address }, fieldsOf(formOf(call({ ...sent, address: { ...address, share_ppm: 500 } }))))).toEqual({});
});

test('an order needs a category; without a place it asks once', () => {
  expect(lacks(emptyForm())).toEqual(['category', 'place']);
  expect(lacks({ ...emptyForm(), category: 'R1', address: '桥头' })).toEqual([]);
});

// Saving

interface Sent {
  what: 'log' | 'patch';
  key?: string | undefined;
  patch?: CallPatch;
}

function desk(answers: (() => Promise<unknown>)[] = []) {
  const sent: Sent[] = [];
  const timers: { ms: number; run: () => void }[] = [];
  const answer = (fallback: unknown) => answers.shift()?.() ?? Promise.resolve(fallback);
  const doors = {
    logCall: (_start: unknown, options: { key?: string }) => {
      sent.push({ what: 'log', key: options.key });
      return answer({ call: call(), known });
    },
    changeCall: (_id: string, patch: CallPatch) => {
      sent.push({ what: 'patch', patch });
      return answer({ call: call(), known, suggestion: null });
    },
  } as unknown as Doors;
  const around: Around = {
    later: (ms, run) => {
      const timer = { ms, run };
      timers.push(timer);
      return () => timers.splice(timers.indexOf(timer), 1);
    },
    now: () => 0,
    kept: vi.fn(),
    signIn: vi.fn(),
  };
  return { doors, around, sent, timers };
}
const away = () => Promise.reject(new Problem('unreachable', 0));

test('typing rests, then what changed is sent once', async () => {
  const { doors, around, sent, timers } = desk();
  const one = new OpenCall(doors, around);
  await one.flush();
  expect(sent).toEqual([{ what: 'log', key: one.key }]);
  one.form.name = '王';
  one.touch();
  one.form.name = '王芳';
  one.touch();
  expect(timers.map((each) => each.ms).sort()).toEqual([restMs, unsentMsMax]);
  timers.find((each) => each.ms === restMs)!.run();
  await one.flush();
  expect(sent.slice(1)).toEqual([{ what: 'patch', patch: { caller_name: '王芳' } }]);
  expect(one.saving).toBe('saved');
});

test('steady typing is sent all the same: within a second of its first key, and again of the next', async () => {
  vi.useFakeTimers();
  const { doors, around, sent } = desk();
  around.later = (ms, run) => {
    const timer = window.setTimeout(run, ms);
    return () => window.clearTimeout(timer);
  };
  const one = new OpenCall(doors, around);
  await one.flush();
  // A key every 200 ms for six seconds: the rest of 400 ms never comes.
  const unsent: number[] = [];
  for (let typed = 1; typed <= 30; typed += 1) {
    one.form.description = '漏'.repeat(typed);
    one.touch();
    await vi.advanceTimersByTimeAsync(200);
    const last = sent.filter((each) => each.what === 'patch').at(-1)?.patch?.description ?? '';
    unsent.push((typed - last.length) * 200);
  }
  vi.useRealTimers();
  expect(Math.max(...unsent)).toBeLessThan(1_000);
  expect(sent.length).toBeLessThan(12);
});

test('without a network nothing is lost: the same call is made with the same key, then everything typed', async () => {
  const { doors, around, sent, timers } = desk([away, away]);
  const one = new OpenCall(doors, around);
  one.form.description = '漏水';
  expect(await one.flush()).toBe(false);
  expect(one.saving).toBe('offline');
  expect(await one.flush()).toBe(false);
  expect(timers).toHaveLength(1);
  expect(await one.flush()).toBe(true);
  expect(sent.map((each) => each.what)).toEqual(['log', 'log', 'log', 'patch']);
  expect(new Set(sent.slice(0, 3).map((each) => each.key)).size).toBe(1);
  expect(sent[3]?.patch).toEqual({ description: '漏水' });
});

test('what is typed while a save is on its way goes with the next one', async () => {
  let release: (value: unknown) => void = () => undefined;
  const { doors, around, sent } = desk([() => Promise.resolve({ call: call(), known }), () => new Promise((done) => (release = done))]);
  const one = new OpenCall(doors, around);
  one.form.name = '王';
  const saved = one.flush();
  await vi.waitFor(() => expect(sent).toHaveLength(2));
  one.form.name = '王芳';
  release({ call: call(), known, suggestion: null });
  expect(await saved).toBe(true);
  expect(sent[2]?.patch).toEqual({ caller_name: '王芳' });
});

test('a field the server does not take does not keep the others back, and is tried again when it changes', async () => {
  const bad = () => Promise.reject(new Problem('invalid_field', 422, { fields: { caller_number: '?' }, applied: false }));
  const { doors, around, sent } = desk([() => Promise.resolve({ call: call(), known }), bad]);
  const one = new OpenCall(doors, around);
  one.form.number = '99999999999999';
  one.form.name = '王';
  await one.flush();
  expect(sent[2]?.patch).toEqual({ caller_name: '王' });
  expect(one.saving).toBe('refused');
  one.form.number = '13900001234';
  await one.flush();
  expect(sent[3]?.patch).toEqual({ caller_number: '13900001234' });
  expect(one.saving).toBe('saved');
});

test('the number that the exchange told comes with the answer, and is not sent back', async () => {
  const told = () => Promise.resolve({ call: call({ caller_number: '13900001234' }), known });
  const { doors, around, sent } = desk([told]);
  const one = new OpenCall(doors, around, { start: { channel: 'phone', phone_call: 'pc_1' }, numberComes: true });
  expect(await one.flush()).toBe(true);
  expect(one.form.number).toBe('13900001234');
  expect(sent.map((each) => each.what)).toEqual(['log']);
});

test('a number typed before the exchange’s came stays', async () => {
  const { doors, around, sent } = desk([() => Promise.resolve({ call: call({ caller_number: '13900001234' }), known })]);
  const one = new OpenCall(doors, around, { start: { channel: 'phone', phone_call: 'pc_1' }, numberComes: true });
  one.form.number = '13800005678';
  await one.flush();
  expect(one.form.number).toBe('13800005678');
  expect(sent[1]?.patch).toEqual({ caller_number: '13800005678' });
});

test('a call ended elsewhere says so and stays quiet', async () => {
  const { doors, around, timers } = desk([() => Promise.resolve({ call: call(), known }), () => Promise.reject(new Problem('call_ended', 409))]);
  const one = new OpenCall(doors, around);
  one.form.name = '王';
  expect(await one.flush()).toBe(false);
  expect(one.saving).toBe('ended');
  expect(timers).toHaveLength(0);
});

test('a reload goes on with what was not sent yet', async () => {
  const first = desk([() => Promise.resolve({ call: call(), known }), away]);
  const one = new OpenCall(first.doors, first.around);
  one.form.description = '暖气片漏水';
  await one.flush();
  keepCalls([one.keep]);
  const second = desk();
  const [kept] = keptCalls();
  const again = new OpenCall(second.doors, second.around, kept!);
  expect(again.form.description).toBe('暖气片漏水');
  await again.look();
  expect(second.sent).toEqual([{ what: 'patch', patch: { description: '暖气片漏水' } }]);
});

// Popping

test('a call I picked up opens one form, once', () => {
  const ringing = [
    { phone_call: 'p1', caller_masked: '139****0001', agent: '801', agent_name: null, answerers: [], hotline_call: null, queue: null, since: '', state: 'answered' as const },
    { phone_call: 'p2', caller_masked: '138****0001', agent: '802', agent_name: null, answerers: [], hotline_call: null, queue: null, since: '', state: 'answered' as const },
    { phone_call: 'p3', caller_masked: '137****0001', agent: '801', agent_name: null, answerers: [], hotline_call: null, queue: null, since: '', state: 'ringing' as const },
  ];
  expect(mineToPop(ringing, '801', 'li', popped()).map((each) => each.phone_call)).toEqual(['p1']);
  remember('p1');
  expect(mineToPop(ringing, '801', 'li', popped())).toEqual([]);
  expect(mineToPop(ringing, '', 'li', [])).toEqual([]);
});

// What the exchange tells

const panel = (more: Partial<HotlineState>, onring = vi.fn()) =>
  render(SidePanel, {
    ...{ state: hotlineState(more), now: new Date('2026-11-23T01:10:00Z'), seat: '', tabs: [], mode: 'calls' as const, onring },
    ...{ onpick: vi.fn(), onhandled: vi.fn(), ontab: vi.fn(), ondesk: vi.fn(), onseat: vi.fn() },
  });

test('without an exchange there is no rate but words that say so', () => {
  const { container } = panel({});
  expect(container.textContent).toContain(desks.t.noTelephone);
  expect(container.textContent).not.toContain('%');
  cleanup();
  const telephone = { offered: 4, answered: 3, within_15_s: 1, wait_known: 2, missed: 1 };
  const told = panel({ today: { ...hotlineState().today, telephone } }).container;
  expect(told.textContent).not.toContain(desks.t.noTelephone);
  expect(told.textContent).toContain('75%');
});

test('a missed caller without a number is seen and counted, and cannot be rung', () => {
  const miss = { phone_call: 'pc_1', caller_masked: null, misses: 3, first_at: '2026-11-23T01:00:00Z', last_at: '2026-11-23T01:05:00Z', queue: null };
  const { container } = panel({ missed: [miss], missed_count: 1 });
  expect(container.textContent).toContain(desks.t.withheld);
  expect(container.textContent).toContain(desks.t.missedTimes(3));
  expect(screen.queryByText(desks.t.ringBack)).toBeNull();
  expect(screen.getByText(desks.t.handled)).toBeTruthy();
});

test('a missed caller is rung back by the call, not by a number that everybody could read', async () => {
  const onring = vi.fn();
  const miss = { phone_call: 'pc_1', caller_masked: '139****1234', misses: 1, first_at: '2026-11-23T01:00:00Z', last_at: '2026-11-23T01:05:00Z', queue: null };
  panel({ missed: [miss], missed_count: 1 }, onring);
  await fireEvent.click(screen.getByText(desks.t.ringBack));
  expect(onring).toHaveBeenCalledWith(miss);
});

// Since when

test('since when: lengths, words, dates and times as callers say them', () => {
  const now = new Date(2026, 10, 23, 9, 30);
  const said = (typed: string): string | null => {
    const at = sinceOf(typed, now);
    return at === null ? null : `${at.getMonth() + 1}-${at.getDate()} ${at.getHours()}:${String(at.getMinutes()).padStart(2, '0')}`;
  };
  for (const [typed, at] of [
    ['2天', '11-21 9:30'], ['2d', '11-21 9:30'], ['3小时前', '11-23 6:30'], ['1.5h', '11-23 8:00'], ['一周', null], ['昨晚', '11-22 20:00'], ['yesterday', '11-22 8:00'],
    ['今早', '11-23 6:00'], ['11-20', '11-20 8:00'], ['11月20日 14:30', '11-20 14:30'], ['8:30', '11-23 8:30'], ['22:00', '11-22 22:00'], ['12-24', '12-24 8:00'],
    ['11-23', '11-23 8:00'], ['2-30', null], ['400天', null], ['', null], ['很久', null], ['25:00', null],
  ] as const) expect(said(typed), typed).toBe(at);
  expect(sinceOf('12-24', now)?.getFullYear()).toBe(2025);
});

test('since when goes with the symptoms, and comes back', () => {
  const since = '2026-11-22T12:00:00.000Z';
  expect(fieldsOf({ ...emptyForm(), since }).symptoms?.since).toBe(since);
});
