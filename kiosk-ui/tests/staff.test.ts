import { expect, test } from 'vitest';
import { barTexts } from '../src/lang/bar';
import { caseTexts } from '../src/lang/case';
import { desksTexts } from '../src/lang/desks';
import { hotlineTexts } from '../src/lang/hotline';
import { ordersTexts } from '../src/lang/orders';
import { phoneTexts } from '../src/lang/phone';
import { staffTexts } from '../src/lang/staff';
import { entryTexts } from '../src/lang/entry';
import { leadTexts } from '../src/lang/lead';
import { teamTexts } from '../src/lang/team';
import { workProblems, workTexts } from '../src/lang/work';
import { passwordRules, usernameForm } from '../src/screens/setup/password';
import { afterSignIn, safePath } from '../src/screens/staff/session';
import { secretOf } from '../src/screens/ticket/secret';
import { Turn } from '../src/screens/ticket/turn';
import type { TicketView } from '../src/wire';

const origin = 'https://hall.example';

test('after signing in only a page of this very site is opened', () => {
  expect(safePath('/counter?counter=3', origin)).toBe('/counter?counter=3');
  for (const evil of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', 'counter', '', null]) {
    expect(safePath(evil, origin), String(evil)).toBeNull();
  }
  expect(safePath('/signin?next=/signin', origin)).toBeNull();
});

test('without a page to go back to, everybody gets their own screen', () => {
  expect(afterSignIn(null, ['clerk'], origin)).toBe('/counter');
  expect(afterSignIn('//evil.example', ['clerk', 'lead'], origin)).toBe('/lead');
  expect(afterSignIn(null, ['admin'], origin)).toBe('/lead');
  expect(afterSignIn(null, ['operator'], origin)).toBe('/hotline');
  expect(afterSignIn(null, ['handler'], origin)).toBe('/team');
  expect(afterSignIn(null, ['greeter'], origin)).toBe('/');
});

test('password rules', () => {
  const well = { length: true, notName: true, notPlain: true, same: true };
  expect(passwordRules('暖气片很暖和的冬天啊', '暖气片很暖和的冬天啊', 'zhang.wei')).toEqual(well);
  expect(passwordRules('short', 'short', 'zhang').length).toBe(false);
  expect(passwordRules('my-Zhang.wei-1', 'x', 'zhang.wei')).toMatchObject({ notName: false, same: false });
  for (const plain of ['aaaaaaaaaaaa', '1234567890', 'abcdefghijkl', '9876543210', 'Password1']) expect(passwordRules(plain, plain, 'z').notPlain, plain).toBe(false);
  expect(Object.values(passwordRules('', '', 'x'))).toEqual([false, false, false, false]);
});

test('user names as the server takes them', () => {
  for (const good of ['zhang.wei', 'Li-Na_2']) expect(usernameForm.test(good)).toBe(true);
  for (const bad of ['', '张伟', 'a b', 'x'.repeat(33)]) expect(usernameForm.test(bad)).toBe(false);
});

test('the ticket’s secret comes from the address', () => {
  expect(secretOf('/t/AbC-9_x')).toBe('AbC-9_x');
  expect(secretOf('/t/AbC/')).toBe('AbC');
  for (const bad of ['/t/', '/t', '/t/a/b', '/x/abc', '/t/%E0%A4%A']) expect(secretOf(bad)).toBeNull();
});

test('the phone rings once for each call, also for one it slept through', () => {
  const turn = new Turn();
  const view = (state: TicketView['state'], calls: number, counter: string | null = '3'): TicketView => ({ state, calls, counter }) as TicketView;
  expect(turn.isNew(view('waiting', 0, null))).toBe(false);
  expect(turn.isNew(view('called', 1))).toBe(true);
  expect(turn.isNew(view('called', 1))).toBe(false);
  expect(turn.isNew(view('called', 3))).toBe(true);
  expect(turn.isNew(view('missed', 3))).toBe(false);
  expect(turn.isNew(view('waiting', 3, null))).toBe(false);
  expect(turn.isNew(view('called', 1))).toBe(true);
});

function leaves(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
}

test('staff and phone texts: the same keys, none empty, no Chinese in English', () => {
  const emptyOnPurpose = ['.aheadUnit'];
  for (const both of [staffTexts, leadTexts, entryTexts, phoneTexts, barTexts, workTexts, workProblems, hotlineTexts, desksTexts, teamTexts, ordersTexts, caseTexts]) {
    const zh = leaves(both.zh);
    const en = leaves(both.en);
    expect(en.map(([path]) => path).sort()).toEqual(zh.map(([path]) => path).sort());
    for (const [path, value] of [...zh, ...en]) if (typeof value === 'string' && !emptyOnPurpose.includes(path)) expect(value, path).not.toBe('');
    // Curly quotes are drawn full width by Chinese fonts, which tears English words apart.
    for (const [path, value] of en) if (typeof value === 'string') expect(value, path).not.toMatch(/[\p{Script=Han}‘’“”]/u);
  }
});
