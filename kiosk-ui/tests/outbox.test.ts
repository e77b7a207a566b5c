import { expect, test } from 'vitest';
import { Problem } from '../src/api';
import { forgetHere } from '../src/screens/staff/forget';
import { entriesMax, Outbox, type Around, type Store } from '../src/screens/team/outbox';
import { whole } from './orders';

/// A server that keeps answers by key, as the real one does, and a line that can be cut before or after it.
class Server {
  effects: string[] = [];
  bodies: Record<string, unknown>[] = [];
  answers = new Map<string, { text: string; answer: { work_order: ReturnType<typeof whole>; lease: { token: number; until: null } } }>();
  line: 'up' | 'down' | 'answers lost' = 'up';
  no: Problem | null = null;

  send: Around['send'] = async (no, step, body, key) => {
    if (this.line === 'down') throw new Problem('unreachable', 0);
    const text = JSON.stringify(body);
    const kept = this.answers.get(key);
    if (kept && kept.text !== text) throw new Problem('idempotency_key_reused', 422);
    if (!kept) {
      if (this.no) throw this.no;
      this.effects.push(`${no} ${step}`);
      this.bodies.push(body);
      this.answers.set(key, { text, answer: { work_order: whole(no), lease: { token: 7, until: null } } });
    }
    if (this.line === 'answers lost') throw new Problem('unreachable', 0);
    return this.answers.get(key)!.answer;
  };
}

function phone(server: Server, text: string | null = null) {
  const kept = { text };
  const store: Store = { read: () => kept.text, write: (next) => (kept.text = next) };
  const timers: (() => void)[] = [];
  let signedOut = 0;
  const box = new Outbox({
    send: server.send,
    store,
    later: (_ms, run) => {
      timers.push(run);
      return () => timers.splice(timers.indexOf(run), 1);
    },
    now: () => new Date('2026-11-23T01:00:00Z'),
    changed: () => undefined,
    answered: () => undefined,
    signIn: () => (signedOut += 1),
  });
  return { box, kept, timers, signedOut: () => signedOut };
}

test('with a network a step goes at once, with the lease’s token', async () => {
  const server = new Server();
  const { box } = phone(server);
  box.holds('1', 7);
  box.put('1', 'accept', {});
  await box.flush();
  expect(server.effects).toEqual(['1 accept']);
  expect(server.bodies[0]).toEqual({ token: 7 });
  expect(box.entries).toEqual([]);
});

test('without a network steps wait in order, and each happens once when it returns', async () => {
  const server = new Server();
  const { box } = phone(server);
  server.line = 'down';
  box.put('1', 'accept', {});
  box.put('1', 'contact', { outcome: 'reached' });
  box.put('2', 'arrive', {});
  await box.flush();
  expect(server.effects).toEqual([]);
  expect(box.waiting).toHaveLength(3);
  expect(box.offlineSince).not.toBeNull();
  server.line = 'up';
  await box.flush();
  expect(server.effects).toEqual(['1 accept', '1 contact', '2 arrive']);
  expect(box.waiting).toHaveLength(0);
  expect(box.offlineSince).toBeNull();
});

test('an answer lost on the way back is asked for again with the same key and body: one effect', async () => {
  const server = new Server();
  const { box } = phone(server);
  box.holds('1', 7);
  server.line = 'answers lost';
  box.put('1', 'arrive', {});
  await box.flush();
  expect(server.effects).toEqual(['1 arrive']);
  expect(box.waiting).toHaveLength(1);
  // Meanwhile the lease moved on: the body must not.
  box.holds('1', 8);
  server.line = 'up';
  await box.flush();
  expect(server.effects).toEqual(['1 arrive']);
  expect(box.entries).toEqual([]);
});

test('a reload in the cellar goes on where it was', async () => {
  const server = new Server();
  const first = phone(server);
  first.box.holds('1', 7);
  server.line = 'answers lost';
  first.box.put('1', 'accept', {});
  first.box.put('1', 'arrive', {});
  await first.box.flush();
  first.box.close();
  server.line = 'up';
  const second = phone(server, first.kept.text);
  await second.box.flush();
  expect(server.effects).toEqual(['1 accept', '1 arrive']);
  expect(second.box.entries).toEqual([]);
  expect(server.bodies[1]).toEqual({ token: 7 });
});

test('a refusal is kept with its reason, not sent again, and does not hold up the others', async () => {
  const server = new Server();
  const { box } = phone(server);
  server.no = new Problem('stale_lease', 409);
  box.put('1', 'accept', {});
  await box.flush();
  server.no = null;
  box.put('2', 'arrive', {});
  await box.flush();
  await box.flush();
  expect(server.effects).toEqual(['2 arrive']);
  expect(box.refused.map((each) => [each.no, each.refused?.code])).toEqual([['1', 'stale_lease']]);
  box.drop(box.refused[0]!.key);
  expect(box.entries).toEqual([]);
});

test('what may have been sent cannot be dropped; what was refused can', async () => {
  const server = new Server();
  const { box } = phone(server);
  server.line = 'answers lost';
  box.put('1', 'arrive', {});
  await box.flush();
  box.drop(box.entries[0]!.key);
  expect(box.entries).toHaveLength(1);
});

test('a server in trouble is not a refusal', async () => {
  for (const problem of [new Problem('store_away', 503, { applied: false, retry_after_s: 2 }), new Problem('too_many_requests', 429), new Problem('internal', 500)]) {
    const server = new Server();
    const { box, timers } = phone(server);
    server.no = problem;
    box.put('1', 'accept', {});
    await box.flush();
    expect(box.waiting, problem.code).toHaveLength(1);
    expect(timers, problem.code).toHaveLength(1);
    server.no = null;
    timers[0]!();
    await box.flush();
    expect(server.effects, problem.code).toEqual(['1 accept']);
  }
});

test('an ended session keeps everything and asks to sign in', async () => {
  const server = new Server();
  const { box, signedOut } = phone(server);
  server.no = new Problem('session_expired', 401);
  box.put('1', 'accept', {});
  await box.flush();
  expect(box.waiting).toHaveLength(1);
  expect(signedOut()).toBe(1);
});

test('the box has an end', () => {
  const server = new Server();
  server.line = 'down';
  const { box } = phone(server);
  for (let i = 0; i < entriesMax; i += 1) expect(box.put(String(i), 'act', { what: 'x' })).toBe(true);
  expect(box.put('x', 'act', { what: 'x' })).toBe(false);
});

test('signing out leaves nothing of the work on the phone but what was never sent', async () => {
  localStorage.clear();
  const entry = { key: 'k', no: '1', step: 'arrive', body: {}, madeAt: '2026-11-23T01:00:00Z', sent: null };
  localStorage.setItem('warmhall.here', '{}');
  localStorage.setItem('warmhall.team.last.repair-east', '{}');
  localStorage.setItem('warmhall.outbox.wang', JSON.stringify({ entries: [{ ...entry, refused: { code: 'wrong_state', detail: null } }], tokens: { 1: 7 } }));
  localStorage.setItem('warmhall.outbox.li', JSON.stringify({ entries: [{ ...entry, refused: null }], tokens: {} }));
  localStorage.setItem('warmhall.language', 'zh');
  await forgetHere();
  expect(Object.keys(localStorage).sort()).toEqual(['warmhall.language', 'warmhall.outbox.li']);
});
