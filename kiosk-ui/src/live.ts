/// The one WebSocket: a screen holds a state, kept true by snapshot, gap check and resume. Reading its properties in a component makes
/// the component follow them.

import { createSubscriber } from 'svelte/reactivity';
import type { Frame, LiveEvent } from './wire';

export type View = 'board' | 'display' | 'kiosk' | 'counter' | 'hotline' | 'team' | 'lead' | 'ticket';

/// The server beats every 5 s at least: two beats missed and the line is dead.
export const silenceMsMax = 12_000;
/// How long the line may be down before the picture counts as stale.
export const downMsMax = 5_000;
const backoffMsFirst = 500;
const backoffMsMax = 15_000;
const probeMsMax = 8_000;

/// What of a WebSocket is used here.
export interface Socket {
  onopen: ((event: unknown) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: unknown) => void) | null;
  onerror: ((event: unknown) => void) | null;
  close(): void;
}

/// What of the browser is used here; tests script it.
export interface Surroundings {
  open(url: string, protocols: string[]): Socket;
  /// The status a plain GET of the same door gives: a browser does not say why a WebSocket was refused.
  probe(url: string, token: string | null): Promise<number>;
  now(): number;
  random(): number;
  later(ms: number, run: () => void): () => void;
  origin: string;
  /// Calls `wake` when the page is shown again or the network returns.
  watch(wake: () => void): () => void;
}

export interface LiveOptions {
  view: View;
  /// More of the query: counter, secret.
  params?: Record<string, string>;
  token?: string | null;
  surroundings?: Surroundings;
}

export type EventsListener<S> = (events: LiveEvent[], state: S) => void;

export class Live<S> {
  #state: S | null = null;
  #epoch: string | null = null;
  #rev = 0;
  #connected = false;
  #stale = false;
  #refused: number | null = null;
  #lastUpdate: Date | null = null;
  #serverAheadMs = 0;

  #socket: Socket | null = null;
  #heard = false;
  #attempt = 0;
  #closed = false;
  #stopSilence: (() => void) | null = null;
  #stopStale: (() => void) | null = null;
  #stopRetry: (() => void) | null = null;
  #unwatch: () => void;

  readonly #options: LiveOptions;
  readonly #around: Surroundings;
  readonly #listeners = new Set<EventsListener<S>>();
  readonly #updates = new Set<() => void>();
  readonly #follow = createSubscriber((update) => {
    this.#updates.add(update);
    return () => this.#updates.delete(update);
  });

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#around = options.surroundings ?? browser();
    this.#unwatch = this.#around.watch(() => this.#wake());
    this.#connect();
    this.#armStale();
  }

  /// The view's whole state, or null before the first snapshot.
  get state(): S | null {
    this.#follow();
    return this.#state;
  }
  /// Whether the line is up and has spoken.
  get connected(): boolean {
    this.#follow();
    return this.#connected;
  }
  /// Whether the picture may be out of date: the line has been down or silent for too long.
  get stale(): boolean {
    this.#follow();
    return this.#stale;
  }
  /// When the server was last heard, by the server's own clock.
  get lastUpdate(): Date | null {
    this.#follow();
    return this.#lastUpdate;
  }
  /// 401 or 403 when the server does not let this screen in (any more): pair or sign in, then load the page again.
  get refused(): number | null {
    this.#follow();
    return this.#refused;
  }
  /// The journal revision the state stands at.
  get rev(): number {
    this.#follow();
    return this.#rev;
  }
  /// Now by the server's clock, which lobby screens follow: their own is often wrong.
  now(): Date {
    return new Date(this.#around.now() + this.#serverAheadMs);
  }

  /// Calls `listener` with the events of each frame, each event exactly once, after the state has moved to theirs.
  onEvents(listener: EventsListener<S>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    this.#drop();
    this.#stopRetry?.();
    this.#stopStale?.();
  }

  #connect(): void {
    if (this.#closed || this.#refused !== null) return;
    this.#stopRetry = null;
    const { token } = this.#options;
    const protocols = token ? ['warmhall.v1', `bearer.${token}`] : ['warmhall.v1'];
    const socket = this.#around.open(this.#url('ws'), protocols);
    this.#socket = socket;
    this.#heard = false;
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#hear(event.data);
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.#lost();
    };
    this.#armSilence();
  }

  #url(scheme: 'ws' | 'http'): string {
    const query = new URLSearchParams({ view: this.#options.view, ...this.#options.params });
    if (this.#epoch !== null) {
      query.set('epoch', this.#epoch);
      query.set('rev', String(this.#rev));
    }
    return `${this.#around.origin.replace(/^http/, scheme)}/api/v1/live?${query}`;
  }

  #hear(data: unknown): void {
    const frame = parse<S>(data);
    if (frame === null) return this.#reconnect(true);
    if (frame.type === 'bye') return this.#bye(frame.code, frame.retry_ms);
    let fresh: LiveEvent[] = [];
    if (frame.type === 'snapshot') {
      this.#state = frame.state;
      this.#epoch = frame.epoch;
    } else if (frame.epoch !== this.#epoch || frame.prev !== this.#rev) {
      return this.#reconnect(frame.epoch !== this.#epoch);
    } else if (frame.type === 'events') {
      const known = this.#rev;
      fresh = frame.events.filter((event) => event.rev > known);
      this.#state = frame.state;
    }
    this.#rev = frame.rev;
    this.#alive(frame.at);
    if (fresh.length > 0 && this.#state !== null) {
      for (const listener of this.#listeners) listener(fresh, this.#state);
    }
  }

  #alive(at: string): void {
    this.#heard = true;
    this.#attempt = 0;
    this.#connected = true;
    this.#stale = false;
    this.#lastUpdate = new Date(at);
    this.#serverAheadMs = this.#lastUpdate.getTime() - this.#around.now();
    this.#stopStale?.();
    this.#stopStale = null;
    this.#armSilence();
    this.#tell();
  }

  #bye(code: 'slow' | 'restart' | 'revoked', retryMs: number): void {
    this.#drop();
    if (code === 'revoked') {
      this.#refused = 401;
      this.#stale = true;
    } else {
      this.#armStale();
      // Everybody is told the same wait; the spread keeps them from coming back as one.
      this.#retryIn(retryMs * (1 + this.#around.random()));
    }
    this.#tell();
  }

  /// The picture has a hole: come back at once, from the own revision or, under another epoch, from nothing.
  #reconnect(forget: boolean): void {
    if (forget) {
      this.#epoch = null;
      this.#rev = 0;
    }
    this.#drop();
    this.#armStale();
    this.#retryIn(this.#backoff());
    this.#tell();
  }

  #lost(): void {
    const refusedPerhaps = !this.#heard;
    this.#drop();
    this.#armStale();
    this.#retryIn(this.#backoff());
    this.#tell();
    if (refusedPerhaps) void this.#ask();
  }

  async #ask(): Promise<void> {
    let status: number;
    try {
      status = await this.#around.probe(this.#url('http'), this.#options.token ?? null);
    } catch {
      return; // Nobody there: the retry goes on.
    }
    if (this.#closed || this.#connected || (status !== 401 && status !== 403)) return;
    this.#drop();
    this.#stopRetry?.();
    this.#stopRetry = null;
    this.#refused = status;
    this.#stale = true;
    this.#tell();
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#connected = false;
    this.#stopSilence?.();
    this.#stopSilence = null;
    if (socket !== null) {
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
  }

  #armSilence(): void {
    this.#stopSilence?.();
    this.#stopSilence = this.#around.later(silenceMsMax, () => {
      this.#stale = true;
      this.#lost();
    });
  }

  #armStale(): void {
    if (this.#stopStale !== null || this.#stale) return;
    this.#stopStale = this.#around.later(downMsMax, () => {
      this.#stopStale = null;
      this.#stale = true;
      this.#tell();
    });
  }

  #backoff(): number {
    const ceiling = Math.min(backoffMsMax, backoffMsFirst * 2 ** this.#attempt);
    this.#attempt += 1;
    return ceiling * this.#around.random();
  }

  #retryIn(ms: number): void {
    this.#stopRetry?.();
    this.#stopRetry = this.#around.later(ms, () => this.#connect());
  }

  #wake(): void {
    if (this.#stopRetry === null) return;
    this.#stopRetry();
    this.#attempt = 0;
    this.#connect();
  }

  #tell(): void {
    for (const update of this.#updates) update();
  }
}

function parse<S>(data: unknown): Frame<S> | null {
  if (typeof data !== 'string') return null;
  try {
    const frame = JSON.parse(data) as Frame<S>;
    return ['snapshot', 'events', 'beat', 'bye'].includes(frame.type) ? frame : null;
  } catch {
    return null;
  }
}

function browser(): Surroundings {
  return {
    open: (url, protocols) => new WebSocket(url, protocols) as unknown as Socket,
    probe: async (url, token) => {
      const control = new AbortController();
      const timer = setTimeout(() => control.abort(), probeMsMax);
      try {
        const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
        return (await fetch(url, { headers, signal: control.signal, credentials: 'same-origin' })).status;
      } finally {
        clearTimeout(timer);
      }
    },
    now: () => Date.now(),
    random: () => Math.random(),
    later: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    origin: location.origin,
    watch: (wake) => {
      const shown = (): void => {
        if (document.visibilityState === 'visible') wake();
      };
      document.addEventListener('visibilitychange', shown);
      addEventListener('online', wake);
      return () => {
        document.removeEventListener('visibilitychange', shown);
        removeEventListener('online', wake);
      };
    },
  };
}
