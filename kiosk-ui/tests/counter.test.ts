import { beforeEach, expect, test } from 'vitest';
import { Problem } from '../src/api';
import { staffEn } from '../src/lang/staff.en';
import { allowed, recallInS } from '../src/screens/counter/allowed';
import { emptyForm, finishOf, incomplete, keepMarks, lacks, materialsOf, missingOf, readMarks } from '../src/screens/counter/finishing';
import { keyOf, read, type Action, type Press } from '../src/screens/counter/keys';
import { holding, keepSeat, readSeat } from '../src/screens/counter/seat';
import { inBoth, sheetOf } from '../src/screens/counter/sheet';
import { Commander, deafMs } from '../src/screens/staff/commander.svelte';
import { at, counterState, inHand, service } from './fixture';

const press = (key: string, more: Partial<Press> = {}): Press => ({
  key,
  repeat: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  shiftKey: false,
  ...more,
});

beforeEach(() => sessionStorage.clear());

// Keys

test('each action has a key of its own, and none is a key that reloads or leaves the page', () => {
  const keys = Object.values(keyOf);
  expect(new Set(keys).size).toBe(keys.length);
  for (const key of ['F1', 'F5', 'F11', 'F12']) expect(keys).not.toContain(key);
  for (const [action, key] of Object.entries(keyOf)) expect(read(press(key))).toEqual({ ours: true, action });
});

test('a key held down acts once, and the browser still does not get it', () => {
  expect(read(press('F2', { repeat: true }))).toEqual({ ours: true, action: null });
});

test('F5 neither reloads nor acts; with Ctrl, Alt or Shift a key is the browser’s', () => {
  expect(read(press('F5'))).toEqual({ ours: true, action: null });
  for (const with_ of ['ctrlKey', 'altKey', 'metaKey', 'shiftKey'] as const) {
    expect(read(press('F5', { [with_]: true }))).toEqual({ ours: false, action: null });
    expect(read(press('F4', { [with_]: true }))).toEqual({ ours: false, action: null });
  }
  expect(read(press('a'))).toEqual({ ours: false, action: null });
});

// What can be done

test('what can be done follows the ticket in hand', () => {
  const now = new Date(at);
  const can = (state: ReturnType<typeof counterState>): Action[] => (Object.keys(keyOf) as Action[]).filter((each) => allowed(state, each, now));
  expect(can(counterState(null))).toEqual(['next', 'pause']);
  expect(can(counterState(inHand('serving')))).toEqual(['next', 'park', 'transfer', 'finish', 'pause']);
  expect(can(counterState(inHand('called')))).toEqual(['next', 'start', 'miss', 'park', 'transfer', 'finish', 'pause']);
  expect(can(counterState(inHand('called'), { state: 'paused' }))).not.toContain('next');
  expect(can(counterState(null, { state: 'closed' }))).toEqual([]);
});

test('a recall waits for the hall’s gap', () => {
  const state = counterState(inHand('called'));
  expect(recallInS(state, new Date(at))).toBe(3);
  expect(allowed(state, 'recall', new Date(Date.parse(at) + 3000))).toBe(true);
});

// The seat

test('a tab keeps its fence over a reload, for its own counter only', () => {
  keepSeat({ counter: '3', fence: 6 });
  expect(readSeat('3')).toEqual({ counter: '3', fence: 6 });
  expect(readSeat('4')).toBeNull();
  keepSeat(null);
  expect(readSeat('3')).toBeNull();
});

test('who holds the counter', () => {
  const { counter } = counterState(null);
  expect(holding(counter, { counter: '3', fence: 6 })).toBe('mine');
  expect(holding(counter, { counter: '3', fence: 7 })).toBe('mine');
  expect(holding(counter, { counter: '3', fence: 5 })).toBe('taken');
  expect(holding(counter, null)).toBe('occupied');
  expect(holding({ ...counter, state: 'closed' }, { counter: '3', fence: 6 })).toBe('closed');
});

// Finishing

test('done with a required paper unmarked or not received is seen', () => {
  expect(incomplete(service, {}).unmarked.map((each) => each.id)).toEqual(['id_card', 'deed']);
  const marks = { id_card: 'received', deed: 'doubtful' } as const;
  expect(incomplete(service, marks)).toMatchObject({ unmarked: [], notReceived: [{ id: 'deed' }] });
  expect(incomplete(service, { id_card: 'received', deed: 'received' })).toEqual({ unmarked: [], notReceived: [] });
  expect(incomplete(null, {})).toEqual({ unmarked: [], notReceived: [] });
});

test('a refusal needs reason and remedy, missing materials a list', () => {
  expect(lacks(emptyForm())).toEqual([]);
  expect(lacks({ ...emptyForm(), outcome: 'refused', reason: ' ' })).toEqual(['reason', 'solution']);
  expect(lacks({ ...emptyForm(), outcome: 'missing_materials' })).toEqual(['materials']);
  expect(lacks({ ...emptyForm(), outcome: 'missing_materials', other: '照片' })).toEqual([]);
});

test('what is sent: only what belongs to the outcome, with every tick', () => {
  const marks = { id_card: 'received', deed: 'missing', gone: 'received' } as const;
  const form = { ...emptyForm(), reason: ' no ', solution: 'yes', missing: missingOf(service, marks), other: '照片，户口本、, ' };
  expect(materialsOf(form)).toEqual(['deed', '照片', '户口本']);
  expect(finishOf(form, service, marks)).toEqual({
    outcome: 'done',
    checks: [
      { material: 'id_card', mark: 'received' },
      { material: 'deed', mark: 'missing' },
    ],
  });
  expect(finishOf({ ...form, outcome: 'missing_materials' }, service, {})).toEqual({
    outcome: 'missing_materials',
    reason: 'no',
    solution: 'yes',
    materials: ['deed', '照片', '户口本'],
  });
});

test('ticks belong to one ticket', () => {
  keepMarks('tk_1', { id_card: 'received' });
  expect(readMarks('tk_1')).toEqual({ id_card: 'received' });
  expect(readMarks('tk_2')).toEqual({});
});

// The one-time notice

test('a notice is owed for a refusal and for missing materials, and names nobody', () => {
  const state = counterState(inHand('serving'));
  const ticket = inHand('serving', { language: 'en' });
  expect(sheetOf(state, ticket, service, { outcome: 'done' }, at)).toBeNull();
  expect(sheetOf(state, ticket, service, { outcome: 'info_only' }, at)).toBeNull();
  const sheet = sheetOf(state, ticket, service, { outcome: 'missing_materials', materials: ['deed', '照片'] }, at);
  expect(sheet).toMatchObject({ kind: 'missing', number: 'A007', first: 'en', counter: '3', missing: [{ zh: '房产证', en: 'Deed' }, { zh: '照片', en: '照片' }] });
  expect(JSON.stringify(sheet)).not.toContain('chen.yu');
});

test('prepared words are printed in both languages, typed ones as typed', () => {
  const { reason } = staffEn.counter.finishDialog.refusals.owner;
  expect(inBoth(reason).zh).toMatch(/产权人/);
  expect(inBoth('自己写的')).toEqual({ zh: '自己写的', en: '自己写的' });
});

// One command at a time

function desk() {
  let nowMs = 0;
  const shown: number[] = [];
  const refused: string[] = [];
  const commander = new Commander(
    {
      now: () => nowMs,
      shows: (rev) => {
        shown.push(rev);
        return Promise.resolve();
      },
    },
    (problem) => refused.push(problem.code),
  );
  return { commander, shown, refused, pass: (ms: number) => (nowMs += ms) };
}

test('while one command is on its way, another press is not a command', async () => {
  const { commander } = desk();
  let answer: (value: { rev: number }) => void = () => undefined;
  const first = commander.run('next', () => new Promise<{ rev: number }>((done) => (answer = done)));
  expect(commander.busy).toBe('next');
  let sent = 0;
  const second = await commander.run('recall', () => Promise.resolve({ rev: (sent += 1) }));
  expect(second).toEqual({ done: false, problem: null });
  answer({ rev: 7 });
  expect(await first).toEqual({ done: true, value: { rev: 7 } });
  expect(sent).toBe(0);
  expect(commander.busy).toBeNull();
});

test('the same command after another one is a wish of its own, however quick', async () => {
  const { commander } = desk();
  const answer = (): Promise<{ rev: number }> => Promise.resolve({ rev: 1 });
  expect((await commander.run('next', answer)).done).toBe(true);
  expect((await commander.run('next', answer)).done).toBe(false);
  expect((await commander.run('miss', answer)).done).toBe(true);
  expect((await commander.run('next', answer)).done).toBe(true);
});

test('the second half of a double press is not a second wish, but another command is', async () => {
  const { commander, pass } = desk();
  let sent = 0;
  const send = (): Promise<{ rev: number }> => Promise.resolve({ rev: (sent += 1) });
  await commander.run('next', send);
  expect(await commander.run('next', send)).toEqual({ done: false, problem: null });
  expect((await commander.run('recall', send)).done).toBe(true);
  pass(deafMs);
  expect((await commander.run('next', send)).done).toBe(true);
  expect(sent).toBe(3);
});

test('it is busy until the screen shows what was answered', async () => {
  const { commander, shown } = desk();
  await commander.run('next', () => Promise.resolve({ rev: 42 }));
  expect(shown).toEqual([42]);
});

test('a refusal is told and changes nothing; a lost answer is asked for again under the same key', async () => {
  const { commander, refused, pass } = desk();
  await commander.run('next', () => Promise.reject(new Problem('counter_moved_on', 409)));
  expect(refused).toEqual(['counter_moved_on']);
  expect(commander.unsure).toBeNull();
  pass(deafMs);
  const keys: string[] = [];
  let there = false;
  const send = (key: string): Promise<{ rev: number }> => {
    keys.push(key);
    return there ? Promise.resolve({ rev: 9 }) : Promise.reject(new Problem('unreachable', 0));
  };
  await commander.run('next', send);
  expect(commander.unsure?.name).toBe('next');
  pass(deafMs);
  there = true;
  await commander.unsure?.again();
  expect(commander.unsure).toBeNull();
  expect(new Set(keys).size).toBe(1);
  expect(keys.length).toBe(2);
});
