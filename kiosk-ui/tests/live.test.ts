/// The live line against a scripted socket: what it asks for, what it believes, when it comes back.

import { beforeEach, expect, test } from 'vitest';
import { downMsMax, Live, silenceMsMax, type Socket, type Surroundings } from '../src/live';
import type { LiveEvent } from '../src/wire';

class Script implements Surroundings {
  time = Date.parse('2026-11-23T01:00:00Z');
  luck = 0.5;
  status = 200;
  probed: string[] = [];
  sockets: (Socket & { url: string; protocols: string[]; closed: boolean })[] = [];
  origin = 'http://hall.example:8080';
  wake: () => void = () => {};
  #timers: { at: number; run: () => void }[] = [];

  open(url: string, protocols: string[]): Socket {
    const socket = { url, protocols, closed: false, onopen: null, onmessage: null, onclose: null, onerror: null, close: () => void (socket.closed = true) };
    this.sockets.push(socket);
    return socket;
  }
  probe(url: string): Promise<number> {
    this.probed.push(url);
    return Promise.resolve(this.status);
  }
  now = (): number => this.time;
  random = (): number => this.luck;
  later(ms: number, run: () => void): () => void {
    const timer = { at: this.time + ms, run };
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter((each) => each !== timer));
  }
  watch(wake: () => void): () => void {
    this.wake = wake;
    return () => {};
  }

  pass(ms: number): void {
    const until = this.time + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== due);
      this.time = due.at;
      due.run();
    }
    this.time = until;
  }
  get socket() {
    const last = this.sockets[this.sockets.length - 1];
    if (last === undefined) throw new Error('no socket was opened');
    return last;
  }
  say(frame: object): void {
    this.socket.onmessage?.({ data: JSON.stringify({ at: new Date(this.time).toISOString(), epoch: 'e1', ...frame }) });
  }
  cut(): void {
    this.socket.onclose?.({});
  }
}

type State = { n: number };
let script: Script;
let told: LiveEvent[];

function start(token: string | null = null): Live<State> {
  const live = new Live<State>({ view: 'board', token, surroundings: script });
  live.onEvents((events) => told.push(...events));
  return live;
}
const event = (rev: number): object => ({ rev, type: 'ticket.called', at: '2026-11-23T01:00:00Z' });

beforeEach(() => {
  script = new Script();
  told = [];
});

test('asks for its view, with the token as a sub-protocol', () => {
  start('abc.def');
  expect(script.socket.url).toBe('ws://hall.example:8080/api/v1/live?view=board');
  expect(script.socket.protocols).toEqual(['warmhall.v1', 'bearer.abc.def']);
});

test('a snapshot, then each event exactly once', () => {
  const live = start();
  script.say({ type: 'snapshot', rev: 10, state: { n: 1 } });
  expect(live.state).toEqual({ n: 1 });
  expect(live.connected).toBe(true);
  script.say({ type: 'events', prev: 10, rev: 12, state: { n: 2 }, events: [event(11), event(12)] });
  script.say({ type: 'beat', prev: 12, rev: 13 });
  script.say({ type: 'events', prev: 13, rev: 14, state: { n: 3 }, events: [event(12), event(14)] });
  expect(live.state).toEqual({ n: 3 });
  expect(live.rev).toBe(14);
  expect(told.map((each) => each.rev)).toEqual([11, 12, 14]);
});

test('a gap is not believed: it comes back from its own revision', () => {
  const live = start();
  script.say({ type: 'snapshot', rev: 10, state: { n: 1 } });
  const first = script.socket;
  script.say({ type: 'events', prev: 11, rev: 12, state: { n: 9 }, events: [event(12)] });
  expect(live.state).toEqual({ n: 1 });
  expect(first.closed).toBe(true);
  script.pass(500);
  expect(script.socket.url).toContain('epoch=e1&rev=10');
  script.say({ type: 'events', prev: 10, rev: 12, state: { n: 2 }, events: [event(11), event(12)] });
  expect(told.map((each) => each.rev)).toEqual([11, 12]);
});

test('another epoch is a new story: it asks for a snapshot', () => {
  start();
  script.say({ type: 'snapshot', rev: 10, state: { n: 1 } });
  script.say({ type: 'beat', epoch: 'e2', prev: 10, rev: 10 });
  script.pass(500);
  expect(script.socket.url).not.toContain('rev=');
});

test('silence is an outage: stale, and a new line', () => {
  const live = start();
  script.say({ type: 'snapshot', rev: 10, state: { n: 1 } });
  script.pass(silenceMsMax - 1);
  expect(live.stale).toBe(false);
  script.pass(1);
  expect(live.stale).toBe(true);
  expect(live.connected).toBe(false);
  script.pass(500);
  expect(script.sockets).toHaveLength(2);
  script.say({ type: 'beat', prev: 10, rev: 10 });
  expect(live.stale).toBe(false);
});

test('a short cut does not light the lamp, a long one does', () => {
  const live = start();
  script.say({ type: 'snapshot', rev: 1, state: { n: 1 } });
  script.cut();
  script.pass(downMsMax - 1);
  expect(live.stale).toBe(false);
  script.pass(1);
  expect(live.stale).toBe(true);
});

test('the waits between attempts grow, each drawn from zero to its ceiling, up to fifteen seconds', () => {
  script.luck = 1;
  start();
  const waits: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    const before = script.sockets.length;
    script.cut();
    const since = script.time;
    while (script.sockets.length === before) script.pass(100);
    waits.push(script.time - since);
  }
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
  script.luck = 0;
  script.cut();
  script.pass(0);
  expect(script.sockets).toHaveLength(10);
});

test('bye gives the wait; everybody spreads over twice of it', () => {
  const live = start();
  script.say({ type: 'snapshot', rev: 1, state: { n: 1 } });
  script.say({ type: 'bye', code: 'restart', retry_ms: 800 });
  script.pass(1199);
  expect(script.sockets).toHaveLength(1);
  script.pass(1);
  expect(script.sockets).toHaveLength(2);
  script.say({ type: 'snapshot', rev: 2, state: { n: 2 } });
  expect(live.state).toEqual({ n: 2 });
});

test('revoked: it stays away', () => {
  const live = start();
  script.say({ type: 'snapshot', rev: 1, state: { n: 1 } });
  script.say({ type: 'bye', code: 'revoked', retry_ms: 0 });
  expect(live.refused).toBe(401);
  script.pass(60_000);
  expect(script.sockets).toHaveLength(1);
});

test('refused at the door: it asks why once and stays away', async () => {
  script.status = 401;
  const live = start();
  script.cut();
  await Promise.resolve();
  await Promise.resolve();
  expect(script.probed).toEqual(['http://hall.example:8080/api/v1/live?view=board']);
  expect(live.refused).toBe(401);
  script.pass(60_000);
  expect(script.sockets).toHaveLength(1);
});

test('waking up does not wait for the back-off', () => {
  script.luck = 1;
  start();
  script.say({ type: 'snapshot', rev: 1, state: { n: 1 } });
  script.cut();
  script.wake();
  expect(script.sockets).toHaveLength(2);
  script.wake();
  expect(script.sockets).toHaveLength(2);
});

test('follows the server’s clock', () => {
  const live = start();
  script.say({ type: 'snapshot', rev: 1, state: { n: 1 }, at: '2026-11-23T09:30:00Z' });
  script.pass(1000);
  expect(live.now().toISOString()).toBe('2026-11-23T09:30:01.000Z');
});

test('what is not a frame is an outage, not a crash', () => {
  start();
  script.socket.onmessage?.({ data: '{"type":"surprise"}' });
  script.socket.onmessage?.({ data: 'not json' });
  script.pass(500);
  expect(script.sockets).toHaveLength(2);
});
