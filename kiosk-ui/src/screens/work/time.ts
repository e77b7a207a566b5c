/// How much time an order has left, in words and in shares; never by colour alone.

import { duration } from '../../lang/format';
import { workTexts } from '../../lang/work';
import type { Language } from '../../wire';
import type { ClockKind, ClockState, NextClock, OrderClock } from './shapes';

export type Tone = 'calm' | 'half' | 'most' | 'overdue' | 'done' | 'done_late' | 'paused';

const minuteS = 60;
const hourS = 3_600;
const dayS = 86_400;
const shareHalf = 0.5;
const shareMost = 0.8;

export const clockKinds: ClockKind[] = ['accept', 'contact', 'arrive', 'resolve', 'reply', 'callback'];

/// 45 分钟 · 5 小时 20 分 · 2 天 3 小时
export function span(seconds: number, language: Language): string {
  const whole = Math.abs(seconds);
  const t = workTexts[language];
  if (whole < minuteS) return t.underMinute;
  if (whole < dayS) return duration(whole, language);
  return t.days(Math.floor(whole / dayS), Math.floor((whole % dayS) / hourS));
}

export const secondsUntil = (due: string, now: Date): number => Math.round((new Date(due).getTime() - now.getTime()) / 1000);

/// 还剩 12 分钟 · 已超时 5 分钟
export function leftWords(due: string, now: Date, language: Language): string {
  const left = secondsUntil(due, now);
  return left >= 0 ? workTexts[language].left(span(left, language)) : workTexts[language].late(span(left, language));
}

/// The used share of a clock, 0 to 1 (and more than 1 when it is over).
export function used(clock: OrderClock, now: Date): number {
  if (clock.total_s <= 0) return 1;
  const left = clock.state === 'running' && clock.pace === 'natural' && clock.due !== null ? secondsUntil(clock.due, now) : (clock.remaining_s ?? 0);
  return clock.state === 'done' ? 1 : Math.max(0, 1 - left / clock.total_s);
}

export function toneOf(clock: OrderClock, now: Date): Tone {
  const over = clock.due !== null && secondsUntil(clock.due, now) < 0;
  if (clock.done_at !== null) return clock.late ? 'done_late' : 'done';
  if (clock.state === 'done') return 'done';
  if (clock.state === 'paused') return 'paused';
  if (clock.state === 'breached' || over) return 'overdue';
  const share = used(clock, now);
  return share >= shareMost ? 'most' : share >= shareHalf ? 'half' : 'calm';
}

/// For a list: only whether it is late is known there.
export function toneOfNext(clock: NextClock, now: Date): Tone {
  const late = (state: ClockState): boolean => state === 'breached';
  return late(clock.state) || secondsUntil(clock.due, now) < 0 ? 'overdue' : clock.state === 'paused' ? 'paused' : 'calm';
}

export function toneWord(tone: Tone, language: Language): string {
  const t = workTexts[language];
  switch (tone) {
    case 'calm':
      return '';
    case 'half':
      return t.usedHalf;
    case 'most':
      return t.usedMost;
    case 'overdue':
      return t.overdue;
    case 'done':
      return t.done;
    case 'done_late':
      return t.doneLate;
    case 'paused':
      return t.paused;
  }
}
