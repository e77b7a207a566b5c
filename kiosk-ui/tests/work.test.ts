import { expect, test } from 'vitest';
import { caseNoOf, tidyNo, tidyTail } from '../src/screens/case/asked';
import { bodyOf as opBody, lacksOf as opLacks, ops, opsFor } from '../src/screens/orders/ops';
import { rowsOf } from '../src/screens/orders/signals';
import { nextStep, otherSteps, stateAfter } from '../src/screens/team/ahead';
import { bodyOf, doubtsOf, emptySlip, lacksOf } from '../src/screens/team/slip';
import { find, soundsLike } from '../src/screens/work/categories';
import { flagsOf, isMine, placeOf, who } from '../src/screens/work/order';
import type { OrderClock, OrderState } from '../src/screens/work/shapes';
import { leftWords, span, toneOf, toneOfNext, used } from '../src/screens/work/time';
import { order, plan, whole } from './orders';

const codes = (typed: string): string[] => find(plan.categories, typed).map((each) => each.category.id);

// Categories

test('a category is found by code, by Chinese, by pinyin initials and by English', () => {
  expect(codes('R1')[0]).toBe('R1');
  expect(codes('r1')[0]).toBe('R1');
  expect(codes('漏水')).toEqual(['E1', 'R3']);
  expect(codes('ls')).toEqual(['E1', 'R3']);
  expect(codes('br')[0]).toBe('R1');
  expect(codes('swb')).toEqual(['R2']);
  expect(codes('leak')).toEqual(['R3']);
  expect(codes('cfwx')).toEqual(['C3']);
  expect(codes('zfwx')).toEqual(['C3']);
  expect(codes('没有这个')).toEqual([]);
});

test('a letter alone is the branch itself, with its kinds below it; an empty box offers only kinds', () => {
  expect(codes('r').slice(0, 4)).toEqual(['R', 'R1', 'R2', 'R3']);
  expect(codes('')).not.toContain('R');
});

test('the way to a category names its parents', () => {
  expect(find(plan.categories, 'R3')[0]?.path.map((each) => each.id)).toEqual(['R']);
});

test('pinyin: whole, begun, or first letters, from any character on', () => {
  const station = ['huan', 're', 'zhan', 'zao', 'yin'];
  for (const typed of ['hrzzy', 'zy', 'zaoyin', 'zaoy', 'zhanzao', 'zhz', 'huanre', 'rez', 'yi']) expect(soundsLike(station, typed), typed).toBe(true);
  for (const typed of ['hz', 'zaoyinx', 'anre', 'yh']) expect(soundsLike(station, typed), typed).toBe(false);
  expect(codes('loushui')).toEqual(['E1', 'R3']);
  expect(codes('lou shui')).toEqual(['E1', 'R3']);
  expect(codes('zhongfu')).toEqual(['C3']);
});

// Time

const running = (more: Partial<OrderClock> = {}): OrderClock => ({ state: 'running', due: '2026-11-23T02:00:00Z', done_at: null, total_s: 3600, remaining_s: 3600, pace: 'natural', paused_total_s: 0, late: false, ...more });
const at = (time: string): Date => new Date(`2026-11-23T${time}Z`);

test('what is left, in words of each language', () => {
  expect(leftWords('2026-11-23T02:00:00Z', at('01:48:00'), 'zh')).toBe('还剩 12 分钟');
  expect(leftWords('2026-11-23T02:00:00Z', at('02:05:00'), 'zh')).toBe('已超时 5 分钟');
  expect(leftWords('2026-11-23T02:00:00Z', at('01:48:00'), 'en')).toBe('12 min left');
  expect(leftWords('2026-11-23T02:00:00Z', at('04:05:00'), 'en')).toBe('2 h 5 min overdue');
  expect(span(30, 'zh')).toBe('不到 1 分钟');
  expect(span(2 * 86_400 + 3 * 3_600 + 59, 'zh')).toBe('2 天 3 小时');
  expect(span(86_400, 'en')).toBe('1 d');
});

test('a clock speaks at half, at four fifths, and when it is over; late is told even when done', () => {
  expect(toneOf(running(), at('01:10:00'))).toBe('calm');
  expect(toneOf(running(), at('01:30:00'))).toBe('half');
  expect(toneOf(running(), at('01:48:00'))).toBe('most');
  expect(toneOf(running(), at('02:00:01'))).toBe('overdue');
  expect(toneOf(running({ state: 'breached' }), at('01:00:00'))).toBe('overdue');
  expect(toneOf(running({ state: 'paused', due: null, remaining_s: 100 }), at('05:00:00'))).toBe('paused');
  expect(toneOf(running({ state: 'done', done_at: '2026-11-23T01:59:00Z' }), at('05:00:00'))).toBe('done');
  expect(toneOf(running({ state: 'done', done_at: '2026-11-23T02:01:00Z', late: true }), at('05:00:00'))).toBe('done_late');
  expect(used(running(), at('01:30:00'))).toBeCloseTo(0.5);
  expect(used(running({ pace: 'working', remaining_s: 900 }), at('01:30:00'))).toBeCloseTo(0.75);
});

test('in a list a clock is late by its due, or because the server says so', () => {
  expect(toneOfNext({ kind: 'accept', due: '2026-11-23T02:00:00Z', state: 'running' }, at('01:59:00'))).toBe('calm');
  expect(toneOfNext({ kind: 'accept', due: '2026-11-23T02:00:00Z', state: 'running' }, at('02:01:00'))).toBe('overdue');
  expect(toneOfNext({ kind: 'accept', due: '2026-11-23T02:00:00Z', state: 'breached' }, at('01:00:00'))).toBe('overdue');
});

// Orders in words

test('a place in one line, with the caller’s own words only where they add something', () => {
  expect(placeOf(order('1'))).toBe('阳光花园 3号楼 2单元 501');
  expect(placeOf({ community: null, building: null, unit: null, room: null, text: '桥头第一家' })).toBe('桥头第一家');
  expect(placeOf({ community: '阳光花园', building: null, unit: null, room: null, text: '桥头' })).toBe('阳光花园（桥头）');
  expect(placeOf({ community: '阳光花园', building: null, unit: null, room: null, text: '阳光花园' })).toBe('阳光花园');
});

test('who has it', () => {
  expect(who('handler:wang')).toBe('wang');
  expect(isMine('handler:wang', 'wang')).toBe(true);
  expect(isMine('handler:wanger', 'wang')).toBe(false);
  expect(isMine(null, 'wang')).toBe(false);
  expect(flagsOf(order('1', { urges: 2, urgency: 'urgent' })).length).toBe(2);
});

// Operations

const names = (state: OrderState, roles: Parameters<typeof opsFor>[1], more: Partial<ReturnType<typeof whole>> = {}): string[] => opsFor(whole('1', { state, ...more }), roles, 'li').map((each) => each.id);

test('what can be done follows state and role', () => {
  expect(names('review', ['operator'])).toEqual(['dispatch', 'urge', 'merge', 'withdraw']);
  expect(names('dispatched', ['manager'])).toEqual(['supervise']);
  expect(names('closed', ['lead'])).toEqual(['reopen']);
  expect(names('merged', ['lead'])).toContain('unmerge');
  expect(names('dispatched', ['clerk'])).toEqual(['urge']);
  const extension = { clock: 'resolve' as const, until: '2026-11-24T00:00:00Z', reason: '等配件', by: 'handler:wang', at: '2026-11-23T01:00:00Z', decision: null };
  expect(names('arrived', ['lead'], { extension })).toEqual(expect.arrayContaining(['grant', 'deny']));
  expect(names('arrived', ['lead'])).not.toContain('grant');
});

test('whoever worked on an order is not offered its call-back', () => {
  expect(names('replied', ['lead'])).toContain('callback');
  expect(names('replied', ['lead'], { handlers: ['handler:li'] })).not.toContain('callback');
  const action = (kind: 'investigation' | 'note') => ({ at: '2026-11-23T01:00:00Z', by: 'lead:li', kind, what: '调取录音', parts: null, photo_ref: null });
  expect(names('replied', ['lead'], { actions: [action('investigation')] })).not.toContain('callback');
  expect(names('replied', ['lead'], { actions: [action('note')] })).toContain('callback');
});

test('a form says only what was filled in', () => {
  const op = (id: string) => ops.find((each) => each.id === id)!;
  expect(opLacks(op('withdraw'), {})).toEqual(['reason']);
  expect(opBody(op('co-assign'), { team: 'repair-west', reason: ' ', limit_min: '90' })).toEqual({ team: 'repair-west', limit_min: 90 });
  expect(opLacks(op('callback'), { reached: 'yes' })).toEqual(['solved']);
  expect(opBody(op('callback'), { reached: 'yes', solved: 'no', grade: '0', remark: '还是冷' })).toEqual({ reached: true, solved: false, remark: '还是冷' });
  expect(opBody(op('callback'), { reached: 'no', solved: 'yes', grade: '5', give_up: 'yes' })).toEqual({ reached: false, give_up: true });
  expect(opBody(op('investigate'), { what: '调取录音' })).toEqual({ kind: 'investigation', what: '调取录音' });
});

// The team's steps

test('the next step, and the order as it will be when everything was sent', () => {
  const entry = (step: 'accept' | 'contact' | 'arrive' | 'resolve' | 'return', body: Record<string, unknown> = {}, refused: { code: string; detail: null } | null = null) => ({ step, body, refused });
  expect(nextStep('dispatched')).toBe('accept');
  expect(nextStep('closed')).toBeNull();
  expect(stateAfter('dispatched', [entry('accept'), entry('contact', { outcome: 'no_answer' })])).toBe('accepted');
  expect(stateAfter('dispatched', [entry('accept'), entry('contact', { outcome: 'reached' }), entry('arrive'), entry('resolve')])).toBe('resolved');
  expect(stateAfter('dispatched', [entry('accept', {}, { code: 'stale_lease', detail: null }), entry('arrive')])).toBe('dispatched');
  expect(otherSteps('accepted')).toContain('arrive');
  expect(otherSteps('resolved')).toEqual([]);
});

test('a temperature slip: what is missing, what will be doubted, what is sent', () => {
  const slip = { ...emptySlip(), room: '客厅', reading: '16,5', instrument: 'T-7', calibratedUntil: '2026-10-01', doorsShutMin: '20', signature: 'refused' as const, signedBy: '物业 李' };
  expect(lacksOf(slip)).toEqual([]);
  expect(lacksOf(emptySlip())).toEqual(['room', 'reading', 'instrument', 'signature']);
  expect(doubtsOf(slip, '2026-11-23')).toEqual(['doors', 'calibration']);
  expect(bodyOf(slip, at('01:00:00'))).toEqual({
    measured_at: '2026-11-23T01:00:00.000Z',
    room: '客厅',
    reading_tenths: 165,
    point_ok: true,
    doors_shut_min: 20,
    stable_min: 10,
    instrument: 'T-7',
    calibrated_until: '2026-10-01',
    signature: { refused: '物业 李' },
  });
});

// The customer's page

test('a case number survives how people type it', () => {
  expect(tidyNo('20261123-0001')).toBe('20261123-0001');
  expect(tidyNo(' ２０２６１１２３—１ ')).toBe('20261123-0001');
  expect(tidyNo('202611230042')).toBe('20261123-0042');
  expect(tidyNo('?')).toBe('?');
  expect(tidyTail('139 0000 1234')).toBe('1234');
  expect(tidyTail('１２３４')).toBe('1234');
  expect(caseNoOf('/case/20261123-0001', '')).toBe('20261123-0001');
  expect(caseNoOf('/case', '?no=20261123-0002')).toBe('20261123-0002');
  expect(caseNoOf('/case/<b>', '')).toBe('');
});

// The exchange

test('whatever an exchange sent becomes a row, and nonsense becomes none', () => {
  const [row] = rowsOf({ items: [{ at: '2026-11-23T01:00:00Z', way: 'zammad', source: 'pbx', text: 'newCall 139****1234', call_id: '7', made: { news: 'ringing' } }, 3, null] });
  expect(row).toEqual({ at: '2026-11-23T01:00:00Z', source: 'zammad · pbx', text: 'newCall 139****1234', call: '7', made: 'ringing' });
  expect(rowsOf(null)).toEqual([]);
  expect(rowsOf({ items: 'no' })).toEqual([]);
});
