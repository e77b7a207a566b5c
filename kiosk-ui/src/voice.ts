/// Plays the calls on a screen that was asked to: one after the other, never two at once, nothing that is superseded or too old.
/// Web Audio, since an <audio> element cannot show a token and the CSP allows no blob address.

import { writable, type Readable } from 'svelte/store';
import type { Api } from './api';
import type { LiveEvent } from './wire';

const ageMsMax = 30_000;
const waitingMax = 6;
const fetchTriesMax = 4;
const fetchPauseMs = 400;

interface Spoken {
  rev: number;
  number: string;
  bornMs: number;
}

export type VoiceStanding = 'off' | 'needs_touch' | 'on';

export class Voice {
  readonly standing: Readable<VoiceStanding>;
  readonly #set: (standing: VoiceStanding) => void;
  readonly #api: Api;
  readonly #now: () => number;
  #context: AudioContext | null = null;
  #waiting: Spoken[] = [];
  #playing = false;

  constructor(api: Api, wanted: boolean, now: () => number) {
    this.#api = api;
    this.#now = now;
    const standing = writable<VoiceStanding>('off');
    this.standing = standing;
    this.#set = standing.set;
    if (wanted) this.#open();
  }

  /// Tells the voice what happened; it picks what is to be said.
  hear(events: LiveEvent[]): void {
    if (this.#context === null) return;
    for (const event of events) {
      const number = event.number ?? '';
      if (event.type === 'ticket.called' || event.type === 'ticket.recalled') {
        this.#waiting = this.#waiting.filter((each) => each.number !== number);
        this.#waiting.push({ rev: event.rev, number, bornMs: Date.parse(event.at) });
      } else if (['ticket.started', 'ticket.finished', 'ticket.cancelled'].includes(event.type)) {
        this.#waiting = this.#waiting.filter((each) => each.number !== number);
      }
    }
    this.#waiting = this.#waiting.slice(-waitingMax);
    void this.#play();
  }

  /// After a touch: browsers allow sound only then.
  touch(): void {
    void this.#context?.resume().then(() => this.#report());
  }

  #open(): void {
    this.#context = new AudioContext();
    this.#context.onstatechange = () => this.#report();
    this.#report();
  }

  #report(): void {
    this.#set(this.#context === null ? 'off' : this.#context.state === 'running' ? 'on' : 'needs_touch');
  }

  async #play(): Promise<void> {
    if (this.#playing) return;
    this.#playing = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        if (this.#context?.state !== 'running' || this.#now() - next.bornMs > ageMsMax) continue;
        const sound = await this.#fetch(next.rev);
        if (sound !== null) await this.#sound(sound);
      }
    } finally {
      this.#playing = false;
    }
  }

  /// The sound may be rendered a moment after the call is known.
  async #fetch(rev: number): Promise<ArrayBuffer | null> {
    for (let attempt = 1; attempt <= fetchTriesMax; attempt += 1) {
      const sound = await this.#api.announcement(rev, 'both').catch(() => null);
      if (sound !== null) return sound;
      await new Promise((done) => setTimeout(done, fetchPauseMs));
    }
    return null;
  }

  async #sound(bytes: ArrayBuffer): Promise<void> {
    const context = this.#context;
    if (context === null) return;
    try {
      const source = context.createBufferSource();
      source.buffer = await context.decodeAudioData(bytes);
      source.connect(context.destination);
      await new Promise<void>((done) => {
        source.onended = () => done();
        source.start();
      });
    } catch {
      // A broken sound is skipped: the next call matters more.
    }
  }
}
