/// Commands against a real HTTP server: keys, retries, problems.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Api, newKey, Problem } from '../src/api';
import { Doors } from '../src/screens/work/doors';

type Answer = { status: number; body?: object } | 'hang up';
let server: Server;
let answers: Answer[];
let asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];

beforeEach(async () => {
  answers = [];
  asked = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      const answer = answers.shift() ?? { status: 500 };
      if (answer === 'hang up') return request.socket.destroy();
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body ?? {}));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  // The functions ask their own origin; here that is this server.
  (window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(`http://127.0.0.1:${port}/`);
});
afterEach(() => {
  server.close();
});

test('a device shows its token and a key; staff show their cookie only', async () => {
  answers = [{ status: 201, body: { rev: 3 } }, { status: 200, body: { rev: 4 } }];
  await new Api('secret').issueTicket({ service: 'repair', class: 'ordinary', language: 'zh' });
  await new Api().next('3', { expect: null, fence: 2 });
  expect(asked[0]?.headers['authorization']).toBe('Bearer secret');
  expect(asked[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f]{32}$/);
  expect(asked[1]?.headers['authorization']).toBeUndefined();
  expect(asked[1]?.url).toBe('/api/v1/counters/3/next');
  expect(asked[1]?.body).toBe('{"expect":null,"fence":2}');
});

test('a lost answer is asked for again with the same key', async () => {
  answers = ['hang up', { status: 503, body: { code: 'store_away', applied: 'unknown', retry_after_s: 0 } }, { status: 201, body: { rev: 9 } }];
  const answer = await new Api('t').issueTicket({ service: 'repair', class: 'ordinary', language: 'zh' }, { key: 'k-1' });
  expect(answer.rev).toBe(9);
  expect(asked.map((each) => each.headers['idempotency-key'])).toEqual(['k-1', 'k-1', 'k-1']);
});

test('a refusal is not asked for again and carries its code', async () => {
  answers = [{ status: 409, body: { code: 'service_full', title: 'full', status: 409 } }];
  const problem = await new Api().issueTicket({ service: 'a', class: 'ordinary', language: 'en' }).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(Problem);
  expect((problem as Problem).code).toBe('service_full');
  expect((problem as Problem).surelyNotApplied).toBe(true);
  expect(asked).toHaveLength(1);
});

test('nobody there: unreachable, and nobody knows whether it happened', async () => {
  answers = ['hang up', 'hang up'];
  const problem = await new Api().hall().catch((error: unknown) => error);
  expect((problem as Problem).code).toBe('not_understood');
  answers = ['hang up'];
  const lost = await new Api().openCounter('1', { tries: 1 }).catch((error: unknown) => error);
  expect((lost as Problem).code).toBe('unreachable');
  expect((lost as Problem).surelyNotApplied).toBe(false);
});

test('a proxy’s page is not taken for an answer', async () => {
  answers = [{ status: 404, body: { message: 'nginx' } }];
  const problem = await new Api().session().catch((error: unknown) => error);
  expect((problem as Problem).code).toBe('not_understood');
});

test('keys are made without a secure context too', () => {
  vi.spyOn(crypto, 'randomUUID').mockImplementation(() => {
    throw new Error('only on https');
  });
  expect(newKey()).not.toBe(newKey());
});

test('a team claims for as long as a cellar may take', async () => {
  answers = [{ status: 200, body: { work_order: null, lease: null, rev: 3 } }];
  await new Doors().claim('repair-east');
  expect(asked[0]?.url).toBe('/api/v1/teams/repair-east/claim');
  expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ lease_s: 3_600 });
});
