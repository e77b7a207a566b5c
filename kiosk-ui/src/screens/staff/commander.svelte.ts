/// One command at a time: what is on its way keeps every other press out, a second press on the heels of the first is not a second wish,
/// and a lost answer can be asked for again under the same key.

import { asProblem, newKey, Problem } from '../../api';

/// After an answer, the same command is deaf for so long: a double press never finishes the customer who was called by its first half.
export const deafMs = 900;

export interface Around {
  now(): number;
  /// Resolves when the screen shows revision `rev`, or when waiting for it makes no sense any more.
  shows(rev: number): Promise<void>;
}

export type Send<T> = (key: string) => Promise<T>;
export type Done<T> = { done: true; value: T } | { done: false; problem: Problem | null };

interface Unsure {
  name: string;
  again: () => Promise<void>;
}

export class Commander {
  #busy: string | null = $state(null);
  #unsure: Unsure | null = $state.raw(null);
  readonly #deafUntil = new Map<string, number>();
  readonly #around: Around;
  readonly #refused: (problem: Problem, name: string) => void;

  constructor(around: Around, refused: (problem: Problem, name: string) => void) {
    this.#around = around;
    this.#refused = refused;
  }

  /// The command on its way, or null.
  get busy(): string | null {
    return this.#busy;
  }
  /// The command of which nobody knows whether it worked; sending it again is safe.
  get unsure(): Unsure | null {
    return this.#unsure;
  }

  /// Sends one command. `{done: false, problem: null}`: it was not sent, because another is on its way or this one was pressed twice.
  async run<T>(name: string, send: Send<T>, after?: (value: T) => void): Promise<Done<T>> {
    return this.#run(name, newKey(), send, after);
  }

  forget(): void {
    this.#unsure = null;
  }

  async #run<T>(name: string, key: string, send: Send<T>, after?: (value: T) => void): Promise<Done<T>> {
    if (this.#busy !== null || this.#around.now() < (this.#deafUntil.get(name) ?? 0)) return { done: false, problem: null };
    this.#busy = name;
    this.#unsure = null;
    // Whoever did something else meanwhile means it.
    this.#deafUntil.clear();
    try {
      const value = await send(key);
      await this.#around.shows(revOf(value));
      after?.(value);
      return { done: true, value };
    } catch (error) {
      const problem = asProblem(error);
      if (!problem.surelyNotApplied) {
        this.#unsure = { name, again: async () => void (await this.#run(name, key, send, after)) };
      }
      this.#refused(problem, name);
      return { done: false, problem };
    } finally {
      this.#busy = null;
      this.#deafUntil.set(name, this.#around.now() + deafMs);
    }
  }
}

function revOf(value: unknown): number {
  const rev = (value as { rev?: unknown } | undefined)?.rev;
  return typeof rev === 'number' ? rev : 0;
}

const showsMsMax = 3_000;
const lookMs = 25;

/// Waits until `live` stands at `rev`; gives up after three seconds, when the line is down and says so itself.
export function showing(live: { readonly rev: number }): Around['shows'] {
  return async (rev) => {
    const end = Date.now() + showsMsMax;
    while (live.rev < rev && Date.now() < end) await new Promise((done) => setTimeout(done, lookMs));
  };
}
