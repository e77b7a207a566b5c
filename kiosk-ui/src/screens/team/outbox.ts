/// What a worker did while the network was away: kept in this browser with its idempotency key, sent in order, once each, when it returns.

import { newKey, Problem } from '../../api';
import type { StepName } from '../work/doors';
import type { LeaseAnswer, WorkOrder } from '../work/shapes';

export interface Entry {
  key: string;
  no: string;
  step: StepName;
  body: Record<string, unknown>;
  madeAt: string;
  /// What was sent last; the same again under the same key, whatever has happened since.
  sent: Record<string, unknown> | null;
  /// Why the server said no; it is not sent again.
  refused: { code: string; detail: string | null } | null;
}

export interface Store {
  read(): string | null;
  write(text: string): void;
}

export interface Around {
  send(no: string, step: StepName, body: Record<string, unknown>, key: string): Promise<{ work_order: WorkOrder; lease: LeaseAnswer }>;
  store: Store;
  later(ms: number, run: () => void): () => void;
  now(): Date;
  /// After every change of the entries or of the line.
  changed(): void;
  answered(order: WorkOrder, lease: LeaseAnswer): void;
  signIn(): void;
}

const retryMsFirst = 2_000;
const retryMsMax = 30_000;
/// More than a worker does in a day without a network.
export const entriesMax = 200;

interface Kept {
  entries: Entry[];
  tokens: Record<string, number>;
}

export class Outbox {
  entries: Entry[] = [];
  /// Since when nothing got through; null while the line is well.
  offlineSince: Date | null = null;
  #tokens: Record<string, number> = {};
  #running: Promise<void> | null = null;
  #stop: (() => void) | null = null;
  #attempt = 0;
  readonly #around: Around;

  constructor(around: Around) {
    this.#around = around;
    try {
      const kept = JSON.parse(around.store.read() ?? 'null') as Kept | null;
      if (kept !== null && Array.isArray(kept.entries)) {
        this.entries = kept.entries;
        this.#tokens = kept.tokens ?? {};
      }
    } catch {
      // What cannot be read cannot be sent.
    }
  }

  get waiting(): Entry[] {
    return this.entries.filter((each) => each.refused === null);
  }
  get refused(): Entry[] {
    return this.entries.filter((each) => each.refused !== null);
  }
  of(no: string): Entry[] {
    return this.entries.filter((each) => each.no === no);
  }

  /// The lease under which the next steps of an order are made.
  holds(no: string, token: number | null | undefined): void {
    if (typeof token !== 'number' || this.#tokens[no] === token) return;
    this.#tokens[no] = token;
    this.#keep();
  }
  tokenOf(no: string): number | null {
    return this.#tokens[no] ?? null;
  }

  /// Puts one step down, and sends it as soon as can be. False: there is no more room.
  put(no: string, step: StepName, body: Record<string, unknown>): boolean {
    if (this.entries.length >= entriesMax) return false;
    this.entries = [...this.entries, { key: newKey(), no, step, body, madeAt: this.#around.now().toISOString(), sent: null, refused: null }];
    this.#keep();
    void this.flush();
    return true;
  }

  /// Takes away a refused entry, or one that was never sent.
  drop(key: string): void {
    this.entries = this.entries.filter((each) => each.key !== key || (each.refused === null && each.sent !== null));
    this.#keep();
  }

  /// Sends what waits, one after another. Called when the network may have returned, too.
  flush(): Promise<void> {
    this.#stop?.();
    this.#stop = null;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  close(): void {
    this.#stop?.();
  }

  async #run(): Promise<void> {
    for (let entry = this.waiting[0]; entry !== undefined; entry = this.waiting[0]) {
      const token = this.tokenOf(entry.no);
      const body = entry.sent ?? (token === null ? entry.body : { ...entry.body, token });
      this.#change(entry.key, { sent: body });
      try {
        const { work_order, lease } = await this.#around.send(entry.no, entry.step, body, entry.key);
        this.#attempt = 0;
        this.offlineSince = null;
        this.entries = this.entries.filter((each) => each.key !== entry?.key);
        if (lease !== null) this.#tokens[entry.no] = lease.token;
        else delete this.#tokens[entry.no];
        this.#keep();
        this.#around.answered(work_order, lease);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (!this.#survives(entry, error)) return;
      }
    }
  }

  /// True: go on with the next one.
  #survives(entry: Entry, problem: Problem): boolean {
    if (problem.status === 401) {
      this.#around.signIn();
      return false;
    }
    const away = !problem.surelyNotApplied || problem.status >= 500 || problem.status === 429;
    if (!away) {
      this.#change(entry.key, { refused: { code: problem.code, detail: problem.detail } });
      return true;
    }
    this.offlineSince ??= this.#around.now();
    this.#attempt += 1;
    const ms = Math.max((problem.retryAfterS ?? 0) * 1000, Math.min(retryMsMax, retryMsFirst * 2 ** (this.#attempt - 1)));
    this.#stop = this.#around.later(ms, () => void this.flush());
    this.#around.changed();
    return false;
  }

  #change(key: string, part: Partial<Entry>): void {
    this.entries = this.entries.map((each) => (each.key === key ? { ...each, ...part } : each));
    this.#keep();
  }
  #keep(): void {
    this.#around.store.write(JSON.stringify({ entries: this.entries, tokens: this.#tokens } satisfies Kept));
    this.#around.changed();
  }
}
