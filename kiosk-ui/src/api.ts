/// One function per command. Every mutation carries an idempotency key and keeps it while it retries, so that asking twice acts once.

import type {
  Account,
  CounterAnswer,
  CounterService,
  Committed,
  DemoAnswer,
  Device,
  DeviceKind,
  HallAnswer,
  IssueAnswer,
  Items,
  MaterialMark,
  NextAnswer,
  Notice,
  Outcome,
  PairingAnswer,
  PairingOpened,
  PairingWaiting,
  Place,
  ProblemBody,
  ProblemCode,
  Role,
  SessionAnswer,
  Text,
  TicketAnswer,
  TicketView,
  Ticket,
} from './wire';

const base = '/api/v1';
const answerMsMax = 10_000;
const triesMax = 3;
const pauseMsFirst = 400;
const retryAfterSMax = 5;

/// What the server says, and two things only a client can say: nobody answered, or something answered that is not Warmhall.
export type AnyProblemCode = ProblemCode | 'unreachable' | 'not_understood';

/// A refusal or a failure, with its code; the text comes from the reader's language.
export class Problem extends Error {
  readonly code: AnyProblemCode;
  readonly status: number;
  readonly body: Partial<ProblemBody>;

  constructor(code: AnyProblemCode, status: number, body: Partial<ProblemBody> = {}) {
    super(`${status} ${code}`);
    this.name = 'Problem';
    this.code = code;
    this.status = status;
    this.body = body;
  }

  get detail(): string | null {
    return this.body.detail ?? null;
  }
  get retryAfterS(): number | null {
    return this.body.retry_after_s ?? null;
  }
  get requestId(): string | null {
    return this.body.request_id ?? null;
  }
  /// Whether it is certain that nothing happened. A refusal changed nothing; a lost answer may have.
  get surelyNotApplied(): boolean {
    if (this.code === 'unreachable' || this.code === 'not_understood') return false;
    return this.status < 500 || this.body.applied === false;
  }
}

/// `error` as a Problem; anything else is a mistake of ours and is thrown on.
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  throw error;
}

export interface CallOptions {
  /// Kept by the caller when the same wish may be sent again later (after a reload); else a new one is made.
  key?: string;
  /// How often to try when nobody answers, default 3.
  tries?: number;
  signal?: AbortSignal;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/// A random key of 32 hex digits; also on plain http, where `crypto.randomUUID` does not exist.
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/// The door to the server. A device gives its token; staff in a browser are known by their cookie.
export class Api {
  readonly #token: string | null;

  constructor(token: string | null = null) {
    this.#token = token;
  }

  // Tickets
  issueTicket = (
    body: { service: string; class: string; language: string; appointment_at?: string },
    options?: CallOptions,
  ): Promise<IssueAnswer> => this.send('POST', '/tickets', body, options);
  ticket = (id: string): Promise<Ticket> => this.send('GET', `/tickets/${seg(id)}`);
  tickets = (query: { state?: string; service?: string; number?: string; day?: string; limit?: string }): Promise<Items<Ticket>> =>
    this.send('GET', `/tickets?${new URLSearchParams(query as Record<string, string>)}`);
  recall = (id: string, body: Fenced, options?: CallOptions) => this.#ticket(id, 'recall', body, options);
  start = (id: string, body: Fenced, options?: CallOptions) => this.#ticket(id, 'start', body, options);
  miss = (id: string, body: Fenced, options?: CallOptions) => this.#ticket(id, 'miss', body, options);
  reinstate = (id: string, body: Fenced, options?: CallOptions) => this.#ticket(id, 'reinstate', body, options);
  park = (id: string, body: Fenced & { reason?: string }, options?: CallOptions) => this.#ticket(id, 'park', body, options);
  resume = (id: string, body: Fenced & { counter?: string }, options?: CallOptions) => this.#ticket(id, 'resume', body, options);
  putBack = (id: string, body: Fenced & { delay_s?: number; reason?: string }, options?: CallOptions) =>
    this.#ticket(id, 'put-back', body, options);
  transfer = (id: string, body: Fenced & { service?: string; counter?: string; place: Place }, options?: CallOptions) =>
    this.#ticket(id, 'transfer', body, options);
  finish = (id: string, body: Fenced & Finish, options?: CallOptions) => this.#ticket(id, 'finish', body, options);
  cancel = (id: string, body: Fenced & { reason?: string }, options?: CallOptions) => this.#ticket(id, 'cancel', body, options);

  // Counters
  openCounter = (no: string, options?: CallOptions): Promise<CounterAnswer> => this.send('POST', `/counters/${seg(no)}/open`, {}, options);
  pauseCounter = (no: string, body: Fenced & { reason: string }, options?: CallOptions): Promise<CounterAnswer> =>
    this.send('POST', `/counters/${seg(no)}/pause`, body, options);
  resumeCounter = (no: string, body: Fenced, options?: CallOptions): Promise<CounterAnswer> =>
    this.send('POST', `/counters/${seg(no)}/resume`, body, options);
  closeCounter = (no: string, body: Fenced, options?: CallOptions): Promise<CounterAnswer> =>
    this.send('POST', `/counters/${seg(no)}/close`, body, options);
  next = (no: string, body: Fenced & { expect: string | null; finish?: Finish }, options?: CallOptions): Promise<NextAnswer> =>
    this.send('POST', `/counters/${seg(no)}/next`, body, options);
  call = (no: string, body: Fenced & { ticket: string; expect: string | null; reason: string }, options?: CallOptions): Promise<NextAnswer> =>
    this.send('POST', `/counters/${seg(no)}/call`, body, options);
  setCounterServices = (
    no: string,
    services: { service: CounterService['id']; offset_min: number | null }[],
    options?: CallOptions,
  ): Promise<CounterAnswer> => this.send('PUT', `/counters/${seg(no)}/services`, { services }, options);

  // The hall
  hall = (): Promise<HallAnswer> => this.send('GET', '/hall');
  openService = (id: string, body: { reason?: string }, options?: CallOptions): Promise<Committed> =>
    this.send('POST', `/services/${seg(id)}/open`, body, options);
  closeService = (id: string, body: { reason?: string }, options?: CallOptions): Promise<Committed> =>
    this.send('POST', `/services/${seg(id)}/close`, body, options);
  postNotice = (text: Text, options?: CallOptions): Promise<Committed & { notice: Notice }> => this.send('POST', '/notices', { text }, options);
  removeNotice = (id: string, options?: CallOptions): Promise<void> => this.send('DELETE', `/notices/${seg(id)}`, undefined, options);

  // The customer's phone
  ticketStatus = (secret: string): Promise<TicketView> => this.send('GET', `/t/${seg(secret)}`);
  leaveLine = (secret: string, options?: CallOptions): Promise<Committed> => this.send('POST', `/t/${seg(secret)}/cancel`, {}, options);
  rate = (secret: string, body: { grade: number; comment?: string }, options?: CallOptions): Promise<Committed> =>
    this.send('POST', `/t/${seg(secret)}/rating`, body, options);

  // Accounts and devices
  session = (): Promise<SessionAnswer> => this.send('GET', '/session');
  signIn = (body: { username: string; password: string }, options?: CallOptions): Promise<SessionAnswer> =>
    this.send('POST', '/session', body, options);
  signOut = (options?: CallOptions): Promise<void> => this.send('DELETE', '/session', undefined, options);
  changePassword = (body: { old: string; new: string }, options?: CallOptions): Promise<void> =>
    this.send('POST', '/session/password', body, options);
  setupNeeded = (): Promise<{ needed: boolean }> => this.send('GET', '/setup');
  setUp = (body: { token: string; username: string; password: string; name?: string }, options?: CallOptions): Promise<unknown> =>
    this.send('POST', '/setup', body, options);
  accounts = (): Promise<Items<Account>> => this.send('GET', '/accounts');
  addAccount = (
    body: { username: string; password: string; name?: string; badge?: string; roles: Role[] },
    options?: CallOptions,
  ): Promise<unknown> => this.send('POST', '/accounts', body, options);
  changeAccount = (username: string, body: Record<string, unknown>, options?: CallOptions): Promise<unknown> =>
    this.send('PATCH', `/accounts/${seg(username)}`, body, options);
  removeAccount = (username: string, options?: CallOptions): Promise<void> =>
    this.send('DELETE', `/accounts/${seg(username)}`, undefined, options);
  openPairing = (kind: DeviceKind, options?: CallOptions): Promise<PairingOpened> =>
    this.send('POST', '/devices/pairings', { kind }, options);
  pairing = (claim: string): Promise<PairingAnswer> => this.send('GET', `/devices/pairings/${seg(claim)}`);
  pairings = (): Promise<Items<PairingWaiting>> => this.send('GET', '/devices/pairings');
  approvePairing = (code: string, body: { name: string; scope: { counter: string } | null }, options?: CallOptions): Promise<unknown> =>
    this.send('POST', `/devices/pairings/${seg(code)}/approve`, body, options);
  devices = (): Promise<Items<Device>> => this.send('GET', '/devices');
  removeDevice = (id: string, options?: CallOptions): Promise<void> => this.send('DELETE', `/devices/${seg(id)}`, undefined, options);

  // Trying the hall out
  demo = (): Promise<DemoAnswer> => this.send('GET', '/demo');
  simulate = (on: boolean, options?: CallOptions): Promise<unknown> => this.send('POST', '/demo/simulation', { on }, options);

  /// The sound of one call; null while it is not there (not rendered, too old).
  async announcement(rev: number, language: 'zh' | 'en' | 'both'): Promise<ArrayBuffer | null> {
    const response = await fetch(`${base}/announcements/${rev}.wav?language=${language}`, { headers: this.#headers() });
    return response.ok ? response.arrayBuffer() : null;
  }

  #ticket(id: string, operation: string, body: unknown, options?: CallOptions): Promise<TicketAnswer> {
    return this.send('POST', `/tickets/${seg(id)}/${operation}`, body, options);
  }

  #headers(): Record<string, string> {
    return this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
  }

  /// Sends one request; for the doors that only some screens use.
  protected async send<T>(method: Method, path: string, body?: unknown, options: CallOptions = {}): Promise<T> {
    const headers: Record<string, string> = { Accept: 'application/json', ...this.#headers() };
    if (method !== 'GET') headers['Idempotency-Key'] = options.key ?? newKey();
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const init: RequestInit = { method, headers, credentials: 'same-origin' };
    if (body !== undefined) init.body = JSON.stringify(body);
    const tries = options.tries ?? triesMax;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once<T>(base + path, init, options.signal);
      } catch (error) {
        const pauseMs = error instanceof Problem ? pauseBefore(error, attempt) : null;
        if (pauseMs === null || attempt >= tries || options.signal?.aborted) throw error;
        await pause(pauseMs);
      }
    }
  }
}

export type Fenced = { fence?: number };
export type Finish = {
  outcome: Outcome;
  reason?: string;
  solution?: string;
  materials?: string[];
  checks?: { material: string; mark: MaterialMark }[];
};

/// How long to wait before the same request may be sent again; null: it will not help.
function pauseBefore(problem: Problem, attempt: number): number | null {
  const retry = ['unreachable', 'store_away', 'overloaded', 'shutting_down'].includes(problem.code);
  if (!retry || (problem.retryAfterS ?? 0) > retryAfterSMax) return null;
  return (problem.retryAfterS ?? 0) * 1000 + pauseMsFirst * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
}

async function once<T>(url: string, init: RequestInit, outer?: AbortSignal): Promise<T> {
  const control = new AbortController();
  const timer = setTimeout(() => control.abort(), answerMsMax);
  const abort = (): void => control.abort();
  outer?.addEventListener('abort', abort);
  try {
    const response = await fetch(url, { ...init, signal: control.signal });
    if (response.status === 204) return undefined as T;
    const text = await response.text();
    if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
    throw problemOf(response.status, text);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(error instanceof SyntaxError ? 'not_understood' : 'unreachable', 0);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', abort);
  }
}

function problemOf(status: number, text: string): Problem {
  try {
    const body = JSON.parse(text) as ProblemBody;
    if (typeof body.code === 'string') return new Problem(body.code, status, body);
  } catch {
    // Not ours: a proxy's page, perhaps.
  }
  return new Problem(status >= 502 && status <= 504 ? 'unreachable' : 'not_understood', status);
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
export const seg = encodeURIComponent;
