/// Times, durations and ranges in the reader's language and the hall's time zone.

import type { Hours, Language, Range } from '../wire';
import { texts } from './index';

const locales: Record<Language, string> = { zh: 'zh-CN', en: 'en-GB' };
const made = new Map<string, Intl.DateTimeFormat>();

function formatter(language: Language, zone: string | undefined, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${zone ?? ''} ${JSON.stringify(options)}`;
  let found = made.get(key);
  if (found === undefined) {
    found = new Intl.DateTimeFormat(locales[language], zone === undefined ? options : { ...options, timeZone: zone });
    made.set(key, found);
  }
  return found;
}

const asDate = (at: string | Date): Date => (typeof at === 'string' ? new Date(at) : at);

/// 14:03
export function clock(at: string | Date, language: Language, zone?: string): string {
  return formatter(language, zone, { hour: '2-digit', minute: '2-digit', hour12: false, hourCycle: 'h23' }).format(asDate(at));
}
/// 14:03:27
export function clockSeconds(at: string | Date, language: Language, zone?: string): string {
  return formatter(language, zone, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(asDate(at));
}
/// 11月23日 星期一 · Monday 23 November
export function longDate(at: string | Date, language: Language, zone?: string): string {
  const date = formatter(language, zone, { month: 'long', day: 'numeric' }).format(asDate(at));
  const weekday = formatter(language, zone, { weekday: 'long' }).format(asDate(at));
  return language === 'zh' ? `${date} ${weekday}` : `${weekday} ${date}`;
}
/// 2026-11-23 09:02
export function stamp(at: string | Date, zone?: string): string {
  return `${dayKey(at, zone)} ${clock(at, 'en', zone)}`;
}
/// 2026-11-23, in the hall's zone.
export function dayKey(at: string | Date, zone?: string): string {
  const options: Intl.DateTimeFormatOptions = { year: 'numeric', month: '2-digit', day: '2-digit' };
  const parts = formatter('en', zone, options).formatToParts(asDate(at));
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}`;
}
/// 约 10–18 分钟: never a bare number, and never “0”.
export function waitRange(range: Range, language: Language): string {
  const t = texts[language].common;
  return range.low_min <= 0 ? t.rangeNow(Math.max(1, range.high_min)) : t.range(range.low_min, range.high_min);
}
/// 12 分钟 · 1 小时 5 分
export function duration(seconds: number, language: Language): string {
  const t = texts[language].common;
  if (seconds < 60) return t.seconds(Math.max(0, Math.round(seconds)));
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? t.minutes(minutes) : t.hoursMinutes(Math.floor(minutes / 60), minutes % 60);
}
/// 4:07, for a running time beside a ticket.
export function stopwatch(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
/// 周一至周五 8:30–11:30
export function openingHours(hours: Hours, language: Language): string {
  const t = texts[language].common;
  const names = hours.days.map((day) => t.weekdays[day] ?? day);
  const order = Object.keys(t.weekdays);
  const places = hours.days.map((day) => order.indexOf(day));
  const unbroken = places.length > 2 && places.every((place, i) => i === 0 || place === (places[i - 1] ?? 0) + 1);
  const days = unbroken ? t.daySpan(names[0] ?? '', names[names.length - 1] ?? '') : names.join(t.listJoin);
  return `${days} ${hours.open}–${hours.close}`;
}
