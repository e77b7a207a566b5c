/// One call being written down: what is typed is sent within a second, what is not sent is kept in this tab, and nothing typed is ever lost.

import { asProblem, newKey, type Problem } from '../../api';
import { callOf, type Doors, type NewCall } from '../work/doors';
import type { HotlineCall, Known, Suspicion } from '../work/shapes';
import { emptyForm, fieldsOf, formOf, patchOf, type Form, type Sent } from './form';

/// So long after the last key what was typed is sent.
export const restMs = 400;
/// However steadily somebody types, what was typed is sent so long after the first key: a power cut takes at most the last second.
export const unsentMsMax = 800;
const retryMsFirst = 1_000;
const retryMsMax = 15_000;

export type Saving = 'saved' | 'typing' | 'sending' | 'offline' | 'refused' | 'ended';

/// What of the browser is used here; tests script it.
export interface Around {
  later(ms: number, run: () => void): () => void;
  now(): number;
  /// Called whenever something is to be kept over a reload.
  kept(): void;
  signIn(): void;
}

/// A call as it is kept in the tab.
export interface Kept {
  key: string;
  id: string | null;
  form: Form;
  known: Sent;
  start: NewCall;
  startedAt: number;
  missedOf: string | null;
  /// The exchange knows the number: the server's answer tells it.
  numberComes?: boolean;
}

export class OpenCall {
  readonly key: string;
  readonly start: NewCall;
  readonly missedOf: string | null;
  readonly numberComes: boolean;
  /// By the server's clock, in Unix milliseconds.
  startedAt: number;
  id: string | null = $state(null);
  form: Form = $state(emptyForm());
  saving: Saving = $state('saved');
  /// What is known of the caller and the flat.
  around: Known | null = $state.raw(null);
  suspicion: Suspicion | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  /// A second order for the same flat is meant.
  separate = $state(false);
  /// Fields the server did not take, with what it did not take.
  refused: Record<string, string> = $state({});

  #known: Sent;
  #running: Promise<boolean> | null = null;
  #stop: (() => void) | null = null;
  /// Runs since the form first differed from what was sent; further keys do not start it anew.
  #stopLatest: (() => void) | null = null;
  #attempt = 0;
  readonly #doors: Doors;
  readonly #browser: Around;

  constructor(doors: Doors, browser: Around, from: Partial<Kept> = {}) {
    this.#doors = doors;
    this.#browser = browser;
    this.key = from.key ?? newKey();
    this.id = from.id ?? null;
    this.start = from.start ?? { channel: 'phone', direction: 'in' };
    this.missedOf = from.missedOf ?? null;
    this.numberComes = from.numberComes ?? false;
    this.startedAt = from.startedAt ?? browser.now();
    if (from.form) this.form = { ...emptyForm(), ...from.form };
    this.#known = from.known ?? fieldsOf({ ...emptyForm(), number: this.start.caller_number ?? '' });
  }

  /// A call that this person left open on another page.
  static of(doors: Doors, browser: Around, call: HotlineCall): OpenCall {
    const form = formOf(call);
    return new OpenCall(doors, browser, { id: call.id, form, known: fieldsOf(form), startedAt: new Date(call.logged_at).getTime() });
  }

  get keep(): Kept {
    const { key, id, start, startedAt, missedOf } = this;
    return { key, id, start, startedAt, missedOf, form: plain(this.form), known: this.#known };
  }

  /// After every change of the form.
  touch(): void {
    this.#browser.kept();
    if (this.saving === 'ended') return;
    this.saving = 'typing';
    this.#later(restMs);
    this.#stopLatest ??= this.#browser.later(unsentMsMax, () => void this.flush());
  }

  /// Sends what is not sent yet; true when the server knows everything that it takes.
  flush(): Promise<boolean> {
    this.close();
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      this.#browser.kept();
    });
    return this.#running;
  }

  close(): void {
    this.#stop?.();
    this.#stop = null;
    this.#stopLatest?.();
    this.#stopLatest = null;
  }

  async #run(): Promise<boolean> {
    for (;;) {
      try {
        if (await this.#once()) return true;
        this.#attempt = 0;
      } catch (error) {
        if (!this.#survives(asProblem(error))) return false;
      }
    }
  }

  /// One exchange; true when there was nothing to say.
  async #once(): Promise<boolean> {
    if (this.id === null) {
      this.saving = 'sending';
      const { call, known } = await this.#doors.logCall(this.start, { key: this.key, tries: 1 });
      this.id = call.id;
      this.startedAt = new Date(call.logged_at).getTime();
      this.around = known;
      this.#takeNumber(call.caller_number);
      this.#browser.kept();
      return false;
    }
    const now = fieldsOf(this.form);
    const patch = patchOf(this.#known, now, this.refused);
    if (Object.keys(patch).length === 0) {
      const whole = Object.keys(this.refused).length === 0;
      this.saving = whole ? 'saved' : 'refused';
      if (whole) this.problem = null;
      return true;
    }
    this.saving = 'sending';
    const answer = await this.#doors.changeCall(this.id, patch, { tries: 1 });
    this.#known = { ...this.#known, ...patch } as Sent;
    for (const field of Object.keys(patch)) delete this.refused[field];
    this.around = answer.known;
    this.suspicion = answer.suggestion;
    return false;
  }

  /// The lists show no number in full; the record that begins is told it. What somebody typed meanwhile stays.
  #takeNumber(number: string | null): void {
    if (number === null || this.start.caller_number !== undefined) return;
    this.#known = { ...this.#known, caller_number: number };
    if (this.form.number.trim() === '') this.form.number = number;
  }

  /// Whether it makes sense to go on at once.
  #survives(problem: Problem): boolean {
    this.problem = problem;
    if (problem.code === 'call_ended' || problem.status === 404) {
      this.saving = 'ended';
      return false;
    }
    if (problem.status === 401) this.#browser.signIn();
    const fields = Object.keys(problem.body.fields ?? {}).map((field) => field.split(/[.[]/)[0] ?? field);
    const now = fieldsOf(this.form) as Record<string, unknown>;
    const fresh = fields.filter((field) => field in now && this.refused[field] !== JSON.stringify(now[field]));
    if (problem.status === 422 && fresh.length > 0) {
      for (const field of fresh) this.refused[field] = JSON.stringify(now[field]);
      return true;
    }
    this.saving = problem.surelyNotApplied && problem.status < 500 && problem.status !== 429 ? 'refused' : 'offline';
    this.#attempt += 1;
    this.#later(Math.min(retryMsMax, retryMsFirst * 2 ** (this.#attempt - 1)));
    return false;
  }

  #later(ms: number): void {
    this.#stop?.();
    this.#stop = this.#browser.later(ms, () => void this.flush());
  }

  /// After a reload: sends what was not sent yet, and learns what is known.
  async look(): Promise<void> {
    if (!(await this.flush()) || this.id === null || this.around !== null) return;
    const call = callOf(await this.#doors.hotlineCall(this.id));
    if (call.ended_at !== null) {
      this.saving = 'ended';
      return;
    }
    const { address, customer_no } = call;
    const asked = { phone: this.form.number.trim(), customer_no, community: address.community, building: address.building, unit: address.unit, room: address.room };
    this.around = await this.#doors.known(asked);
  }
}

/// A copy that nobody follows: a form is nothing but JSON.
const plain = (form: Form): Form => JSON.parse(JSON.stringify(form)) as Form;

const keptAs = 'warmhall.calls';

export function keepCalls(calls: Kept[]): void {
  try {
    sessionStorage.setItem(keptAs, JSON.stringify(calls));
  } catch {
    // A browser that keeps nothing: the server has all but the last second.
  }
}

export function keptCalls(): Kept[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(keptAs) ?? '[]');
    return Array.isArray(kept) ? kept.filter((each): each is Kept => typeof (each as Kept)?.key === 'string') : [];
  } catch {
    return [];
  }
}
