/// The staff's screens and the phone as people meet them: what a press sends, what a refusal says, and no serious finding of axe.

import { cleanup, configure, fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import axe from 'axe-core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tongue } from '../src/lang';
import '../src/screens/counter/dialogs';
import Counter from '../src/screens/counter/Counter.svelte';
import { keepSeat } from '../src/screens/counter/seat';
import '../src/screens/lead/dialogs';
import Lead from '../src/screens/lead/Lead.svelte';
import { offersOf, rowsOf } from '../src/screens/lead/plan';
import Setup from '../src/screens/setup/Setup.svelte';
import SignIn from '../src/screens/signin/SignIn.svelte';
import Ticket from '../src/screens/ticket/Ticket.svelte';
import type { CounterState, LeadState, TicketView } from '../src/wire';
import { at, brief, counterState, inHand, service } from './fixture';

class Line {
  static last: Line | undefined;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  #rev = 0;
  constructor() {
    Line.last = this;
  }
  close(): void {}
  say(state: object, rev = this.#rev + 1): void {
    this.#rev = rev;
    this.onmessage?.({ data: JSON.stringify({ type: 'snapshot', epoch: 'e1', rev, at, state }) });
  }
}

// Only the bound for a screen that never comes: a busy machine is no failure.
configure({ asyncUtilTimeout: 20_000 });
vi.setConfig({ testTimeout: 60_000 });

interface Sent {
  method: string;
  path: string;
  key: string | null;
  body: Record<string, unknown>;
}
let sent: Sent[];
let answers: Record<string, (body: Record<string, unknown>) => [status: number, body: object]>;

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  Line.last = undefined;
  sent = [];
  answers = { 'GET /session': () => [200, { user: { username: 'chen.yu', name: '陈雨', badge: '1023', roles: ['clerk', 'lead'] }, expires_at: at }] };
  vi.stubGlobal('WebSocket', Line);
  vi.stubGlobal('print', vi.fn());
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    const path = url.replace('/api/v1', '');
    const body = JSON.parse(String(init.body ?? '{}')) as Record<string, unknown>;
    if (init.method !== 'GET') sent.push({ method: init.method ?? '', path, key: new Headers(init.headers).get('idempotency-key'), body });
    const [status, reply] = answers[`${init.method} ${path}`]?.(body) ?? [404, { code: 'not_found', status: 404 }];
    return Promise.resolve(new Response(JSON.stringify(reply), { status }));
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  history.replaceState(null, '', '/');
});

async function serious(): Promise<string[]> {
  // Colours need a real browser; they are held by the contrast test and the browser walks.
  const result = await axe.run(document.body, { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } });
  return result.violations.filter((each) => each.impact === 'serious' || each.impact === 'critical').map((each) => `${each.id}: ${each.nodes[0]?.html}`);
}

async function sitDown(state: CounterState): Promise<void> {
  history.replaceState(null, '', '/counter?counter=3');
  answers['GET /hall'] = () => [200, { counters: [{ no: '3', name: null, state: 'open' }] }];
  keepSeat({ counter: '3', fence: 6 });
  tongue.use('en', false);
  render(Counter);
  await waitFor(() => expect(Line.last).toBeDefined());
  Line.last?.say(state);
  await screen.findByRole('button', { name: /F2/ });
}
const marksAll = { ...counterState(inHand('serving')), services: [{ ...service, materials: [] }] };

test('F2 with nobody in hand says so; with somebody it finishes that very ticket and calls the next, under one key', async () => {
  await sitDown(marksAll);
  answers['POST /counters/3/next'] = () => {
    Line.last?.say(counterState(inHand('called', { id: 'tk_A008', number: 'A008' })), 9);
    return [200, { ticket: brief('A008'), why: null, epoch: 'e1', rev: 9 }];
  };
  await fireEvent.keyDown(window, { key: 'F2' });
  await fireEvent.keyDown(window, { key: 'F2' });
  await screen.findByText('A008', { selector: '.big' });
  await fireEvent.keyDown(window, { key: 'F2' });
  expect(sent.map((each) => each.body)).toEqual([{ expect: 'tk_A007', fence: 6, finish: { outcome: 'done' } }]);
  expect(sent[0]?.key).toMatch(/^[0-9a-f]{32}$/);
});

test('a counter that moved on is explained; one that was taken over offers to take it back', async () => {
  await sitDown(counterState(null));
  answers['POST /counters/3/next'] = () => [409, { code: 'counter_moved_on', status: 409, current: 'tk_9' }];
  await fireEvent.click(screen.getByRole('button', { name: /Call next/ }));
  await screen.findByText(/has moved on/);
  expect(sent[0]?.body).toEqual({ expect: null, fence: 6 });
  Line.last?.say(counterState(null, { fence: 7, clerk: 'li.na' }));
  await screen.findByRole('heading', { name: /opened elsewhere/ });
  expect(await serious()).toEqual([]);
  answers['POST /counters/3/open'] = () => {
    Line.last?.say(counterState(null, { fence: 8 }), 20);
    return [200, { counter: { no: '3', state: 'open', clerk: 'chen.yu', fence: 8 }, epoch: 'e1', rev: 20 }];
  };
  await fireEvent.click(screen.getByRole('button', { name: /Take it back/ }));
  await screen.findByRole('button', { name: /Call next/ });
});

test('done with unchecked papers is asked about; all received sends every tick', async () => {
  await sitDown(counterState(inHand('serving')));
  expect(await serious()).toEqual([]);
  answers['POST /counters/3/next'] = () => [200, { ticket: null, why: null, epoch: 'e1', rev: 2 }];
  await fireEvent.keyDown(window, { key: 'F2' });
  await screen.findByText(/Not marked: ID card, Deed/);
  expect(sent).toEqual([]);
  Line.last?.say(counterState(inHand('serving')), 2);
  await fireEvent.keyDown(window, { key: 'F2' });
  await waitFor(() => expect(sent.length).toBe(1));
  expect(sent[0]?.body['finish']).toEqual({ outcome: 'done', checks: ['id_card', 'deed', 'auth'].map((material) => ({ material, mark: 'received' })) });
});

test('a refusal needs reason and remedy, then prints the notice', async () => {
  await sitDown(counterState(inHand('serving')));
  await fireEvent.keyDown(window, { key: 'F9' });
  await fireEvent.click(await screen.findByRole('radio', { name: 'Refused' }));
  await fireEvent.keyDown(window, { key: 'F9' });
  await screen.findByText('Please write the reason.');
  expect(await serious()).toEqual([]);
  await fireEvent.click(screen.getByRole('button', { name: 'There are unpaid charges' }));
  answers['POST /tickets/tk_A007/finish'] = () => {
    Line.last?.say(counterState(null), 5);
    return [200, { ticket: {}, epoch: 'e1', rev: 5 }];
  };
  await fireEvent.keyDown(window, { key: 'F9' });
  await waitFor(() => expect(globalThis.print).toHaveBeenCalledOnce());
  expect(sent[0]?.body).toMatchObject({ outcome: 'refused', reason: 'There are unpaid charges', fence: 6 });
  expect(document.querySelector('.sheet')?.textContent).toMatch(/还有未结清的费用[^]*There are unpaid charges/);
});

const lead: LeadState = {
  orders: { desks: { review: 1, callback: 2, extension: 0 }, teams: [{ id: 'repair-east', name: { zh: '城东维修班', en: 'Repairs East' }, waiting: 3, held: 2, overdue: 1 }], overdue: 1, escalated: [], incidents: [] },
  hall: counterState(null).hall,
  day: '2026-11-23',
  open: true,
  standing: 'open',
  services: [{ ...service, issued: 9, served: 6, longest_wait_s: 1900, head: [brief('A008', { class: 'courtesy' })], daily_cap: 40 }],
  counters: [{ no: '3', name: null, state: 'open', clerk: 'chen.yu', badge: '1023', services: [{ id: 'connect', offset_min: 5 }], ticket: brief('A007', { state: 'serving' }), since: at, served: 8 }],
  missed: [brief('A001', { state: 'missed' })],
  parked: [],
  devices: [{ id: 'dv_1', kind: 'board', name: 'Board', online: false, last_seen: null }],
  notices: [{ id: 'nt_1', text: { zh: '午休', en: 'Break' }, at }],
  emergency: null,
  forecast: { kept_rate: 0.7, kept: 7, given: 10 },
  totals: { issued: 9, waiting: 1, serving: 1, served: 6, missed: 1, cancelled: 0, rated: 0, grade_mean: null },
  health: { store: 'ok', voice: 'no_device', voice_detail: null, disk_free_mb: 900 },
  demo: false,
};

test('the lead sees the hall and brings a missed number back', async () => {
  tongue.use('en', false);
  render(Lead);
  await waitFor(() => expect(Line.last).toBeDefined());
  Line.last?.say(lead);
  await screen.findByText('70%');
  expect(screen.getByText('No sound card: no voice')).toBeTruthy();
  expect(await serious()).toEqual([]);
  answers['POST /tickets/tk_A001/reinstate'] = () => [200, { ticket: {}, epoch: 'e1', rev: 1 }];
  await fireEvent.click(screen.getByRole('button', { name: 'A001' }));
  expect(await screen.findByRole('heading', { name: 'Number A001' })).toBeTruthy();
  expect(await serious()).toEqual([]);
  await fireEvent.click(screen.getByRole('button', { name: 'Back in line' }));
  await waitFor(() => expect(sent.map((each) => each.path)).toEqual(['/tickets/tk_A001/reinstate']));
});

test('a counter’s plan: own, help after minutes, never', () => {
  const rows = rowsOf(lead.counters[0]!, [...lead.services, { ...lead.services[0]!, id: 'pay' }]);
  expect(rows).toEqual([
    { service: 'connect', part: 'help', minutes: '5' },
    { service: 'pay', part: 'never', minutes: '5' },
  ]);
  expect(offersOf([{ service: 'a', part: 'mine', minutes: '9' }, { service: 'b', part: 'help', minutes: 'x' }, { service: 'c', part: 'help', minutes: '0' }, ...rows])).toEqual([
    { service: 'a', offset_min: 0 },
    { service: 'b', offset_min: 5 },
    { service: 'c', offset_min: 1 },
    { service: 'connect', offset_min: 5 },
  ]);
});

const view: TicketView = {
  hall: lead.hall,
  number: 'A007',
  service: { id: 'connect', name: service.name },
  state: 'waiting',
  class: 'ordinary',
  counter: null,
  counter_name: null,
  calls: 0,
  ahead: 3,
  wait: { low_min: 10, high_min: 18 },
  issued_at: at,
  service_day: '2026-11-23',
  materials: service.materials,
  area: null,
  can_cancel: true,
  can_rate: false,
  rated: null,
  notices: [],
};

for (const language of ['zh', 'en'] as const) {
  test(`the phone follows its number to the counter and is asked how it was (${language})`, async () => {
    history.replaceState(null, '', '/t/s3cret');
    tongue.use(language, false);
    answers['GET /t/s3cret'] = () => [200, view];
    render(Ticket);
    await screen.findByText('A007');
    expect(await serious()).toEqual([]);
    Line.last?.say({ ...view, state: 'called', counter: '3', calls: 1, ahead: null, wait: null });
    await screen.findByText(language === 'zh' ? '轮到您了' : 'Your turn');
    expect(document.title).toContain('A007');
    expect(document.title).toContain('3');
    Line.last?.say({ ...view, state: 'closed', can_rate: true, can_cancel: false, ahead: null, wait: null });
    await fireEvent.click(await screen.findByRole('radio', { name: language === 'zh' ? '满意' : 'Good' }));
    expect(await serious()).toEqual([]);
    answers['POST /t/s3cret/rating'] = () => [200, { epoch: 'e1', rev: 9 }];
    await fireEvent.click(screen.getByRole('button', { name: language === 'zh' ? '提交评价' : 'Send' }));
    await waitFor(() => expect(sent[0]?.body).toEqual({ grade: 4 }));
    await screen.findByText(language === 'zh' ? /谢谢评价/ : /Thank you: Good/);
  });
}

test('an unknown number is told at once and no line is opened', async () => {
  history.replaceState(null, '', '/t/nope');
  tongue.use('en', false);
  render(Ticket);
  await screen.findByText('This number was not found');
  expect(Line.last).toBeUndefined();
  expect(await serious()).toEqual([]);
});

test('sign-in says what was wrong and keeps the name', async () => {
  tongue.use('en', false);
  answers['GET /session'] = () => [401, { code: 'unauthenticated', status: 401 }];
  answers['POST /session'] = () => [401, { code: 'bad_credentials', status: 401 }];
  render(SignIn);
  await fireEvent.input(await screen.findByLabelText('User name'), { target: { value: 'chen.yu' } });
  await fireEvent.input(screen.getByLabelText('Password'), { target: { value: 'wrong' } });
  await fireEvent.submit(document.querySelector('form')!);
  await screen.findByText(/not right/);
  expect(screen.getByLabelText<HTMLInputElement>('User name').value).toBe('chen.yu');
  expect(await serious()).toEqual([]);
});

test('the first administrator is created only with a password that keeps the rules', async () => {
  history.replaceState(null, '', '/setup?token=once');
  tongue.use('en', false);
  answers['GET /setup'] = () => [200, { needed: true }];
  answers['POST /setup'] = () => [409, { code: 'setup_done', status: 409 }];
  render(Setup);
  const field = async (label: string, value: string): Promise<void> => void (await fireEvent.input(await screen.findByLabelText(label), { target: { value } }));
  await field('User name', 'zhang.wei');
  await field('Password', 'short');
  await field('The password again', 'short');
  const create = screen.getByRole<HTMLButtonElement>('button', { name: 'Create the administrator' });
  expect(create.disabled).toBe(true);
  expect(await serious()).toEqual([]);
  await field('Password', 'heat for everybody');
  await field('The password again', 'heat for everybody');
  expect(create.disabled).toBe(false);
  await fireEvent.submit(document.querySelector('form')!);
  await screen.findByText('Already set up');
  expect(sent[0]?.body).toEqual({ token: 'once', username: 'zhang.wei', password: 'heat for everybody' });
});
