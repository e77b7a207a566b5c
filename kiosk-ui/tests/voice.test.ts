/// What a board says aloud, and in which order, on a scripted loudspeaker.

import { get } from 'svelte/store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Api } from '../src/api';
import { Voice } from '../src/voice';
import type { LiveEvent } from '../src/wire';

const now = Date.parse('2026-11-23T01:00:10Z');
let fetched: number[];
let playing: { end: () => void }[];
let overlap: number;

class Loudspeaker {
  state = 'running';
  destination = {};
  onstatechange: (() => void) | null = null;
  resume(): Promise<void> {
    this.state = 'running';
    return Promise.resolve();
  }
  decodeAudioData(bytes: ArrayBuffer): Promise<ArrayBuffer> {
    return Promise.resolve(bytes);
  }
  createBufferSource() {
    const source = {
      buffer: null,
      onended: null as (() => void) | null,
      connect: () => {},
      start: () => {
        playing.push({ end: () => source.onended?.() });
        overlap = Math.max(overlap, playing.length);
      },
    };
    return source;
  }
}

const api = {
  announcement: (rev: number) => {
    fetched.push(rev);
    return Promise.resolve(new ArrayBuffer(4));
  },
} as unknown as Api;
const call = (rev: number, number: string, type = 'ticket.called', at = '2026-11-23T01:00:08Z'): LiveEvent => ({ rev, type, at, number });
async function finishOne(): Promise<void> {
  await vi.waitFor(() => expect(playing).toHaveLength(1));
  playing.shift()?.end();
}

beforeEach(() => {
  fetched = [];
  playing = [];
  overlap = 0;
  vi.stubGlobal('AudioContext', Loudspeaker);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test('one after the other, never two at once', async () => {
  const voice = new Voice(api, true, () => now);
  voice.hear([call(1, 'A001'), call(2, 'B001')]);
  voice.hear([call(3, 'C001')]);
  for (let i = 0; i < 3; i += 1) await finishOne();
  expect(fetched).toEqual([1, 2, 3]);
  expect(overlap).toBe(1);
});

test('a recall takes the place of its call, a served or old one is not said', async () => {
  const voice = new Voice(api, true, () => now);
  voice.hear([call(1, 'A001'), call(2, 'B001'), call(3, 'C001'), call(4, 'D001', 'ticket.called', '2026-11-23T00:59:00Z')]);
  voice.hear([call(5, 'B001', 'ticket.recalled'), call(6, 'C001', 'ticket.started')]);
  await finishOne();
  await finishOne();
  expect(fetched).toEqual([1, 5]);
});

test('not asked to speak, it is silent; not allowed yet, it asks for a touch', async () => {
  const mute = new Voice(api, false, () => now);
  mute.hear([call(1, 'A001')]);
  expect(get(mute.standing)).toBe('off');
  expect(fetched).toEqual([]);
  vi.stubGlobal(
    'AudioContext',
    class extends Loudspeaker {
      override state = 'suspended';
    },
  );
  const shy = new Voice(api, true, () => now);
  expect(get(shy.standing)).toBe('needs_touch');
  shy.touch();
  await vi.waitFor(() => expect(get(shy.standing)).toBe('on'));
});
