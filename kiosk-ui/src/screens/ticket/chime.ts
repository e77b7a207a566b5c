/// The phone's own two-tone chime, made on the spot, with vibration where the phone allows. A browser lets a page sound only after a touch.

const tones: [hz: number, atS: number][] = [
  [784, 0],
  [659, 0.28],
  [784, 0.9],
  [659, 1.18],
];
const toneS = 0.6;
const buzzMs = [320, 140, 320, 140, 520];

type WithWebkit = typeof globalThis & { webkitAudioContext?: typeof AudioContext };

export class Chime {
  #context: AudioContext | null = null;

  /// Call from a touch. Whether the phone will sound.
  async allow(): Promise<boolean> {
    const Made = globalThis.AudioContext ?? (globalThis as WithWebkit).webkitAudioContext;
    if (Made === undefined) return false;
    try {
      this.#context ??= new Made();
      await this.#context.resume();
      return this.#context.state === 'running';
    } catch {
      return false;
    }
  }

  ring(loudness = 0.5): void {
    try {
      navigator.vibrate?.(buzzMs);
    } catch {
      // A phone that does not shake may still sound.
    }
    const context = this.#context;
    if (context === null || context.state !== 'running') return;
    for (const [hz, atS] of tones) strike(context, hz, context.currentTime + atS, loudness);
  }
}

/// A bell: a sine with a soft second partial, struck and dying away.
function strike(context: AudioContext, hz: number, at: number, loudness: number): void {
  for (const [times, share] of [
    [1, 1],
    [2.76, 0.18],
  ] as const) {
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.frequency.value = hz * times;
    gain.gain.setValueAtTime(0.0001, at);
    gain.gain.exponentialRampToValueAtTime(loudness * share, at + 0.015);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + toneS);
    tone.connect(gain).connect(context.destination);
    tone.start(at);
    tone.stop(at + toneS + 0.05);
  }
}
