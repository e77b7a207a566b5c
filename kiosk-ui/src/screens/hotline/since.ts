/// Since when it has been so, as callers say it: 2天, 3h, 昨晚, 11-20, 8:30. By this computer's own time.

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/// Longer ago than this is a slip of the fingers.
const agoMsMax = 366 * dayMs;

const units: [RegExp, number][] = [
  [/^(\d+(?:\.\d+)?)\s*(?:m|min|minutes?|分|分钟)$/, minuteMs],
  [/^(\d+(?:\.\d+)?)\s*(?:h|hours?|小时|个小时|个钟头|xs)$/, hourMs],
  [/^(\d+(?:\.\d+)?)\s*(?:d|days?|天|t)$/, dayMs],
  [/^(\d+(?:\.\d+)?)\s*(?:w|weeks?|周|星期|个星期)$/, 7 * dayMs],
];
/// Days back, and the hour that is meant.
const words: [RegExp, number, number][] = [
  [/^(?:今天|今早|今晨|today|this morning|jt|jz)$/, 0, 6],
  [/^(?:昨天|昨日|yesterday|zt)$/, 1, 8],
  [/^(?:昨晚|昨夜|last night|zw)$/, 1, 20],
  [/^(?:前天|qt)$/, 2, 8],
  [/^(?:上周|上星期|last week|sz)$/, 7, 8],
];
const dayAndTime = /^(?:(?:\d{4}[-./年])?(\d{1,2})[-./月](\d{1,2})日?)?\s*(?:(\d{1,2})[:：点](\d{1,2})?分?)?$/;
const hourUnsaid = 8;

/// The instant that is meant; null when it cannot be told, lies ahead or more than a year back.
export function sinceOf(typed: string, now: Date): Date | null {
  const text = typed.trim().toLowerCase().replace(/(?:开始|起|前|以前|ago)$/, '').trim();
  const at = text === '' ? null : (byLength(text, now) ?? byWord(text, now) ?? byDate(text, now));
  return at !== null && at.getTime() <= now.getTime() && now.getTime() - at.getTime() <= agoMsMax ? at : null;
}

function byLength(text: string, now: Date): Date | null {
  for (const [unit, ms] of units) {
    const found = unit.exec(text)?.[1];
    if (found !== undefined) return new Date(now.getTime() - Number(found) * ms);
  }
  return null;
}

const atHour = (now: Date, daysBack: number, hour: number): Date => new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysBack, hour);

function byWord(text: string, now: Date): Date | null {
  for (const [word, daysBack, hour] of words) {
    if (!word.test(text)) continue;
    const at = atHour(now, daysBack, hour);
    return at > now ? atHour(now, daysBack, 0) : at;
  }
  return null;
}

function byDate(text: string, now: Date): Date | null {
  const found = dayAndTime.exec(text);
  if (found === null) return null;
  const [, month, day, hour, minute] = found.map((each) => (each === undefined ? null : Number(each)));
  const h = hour ?? hourUnsaid;
  const m = minute ?? 0;
  if (h > 23 || m > 59) return null;
  if (month === null || month === undefined || day === null || day === undefined) {
    if (hour === null) return null;
    const today = new Date(now.getFullYear(), now.getMonth(), now.getDate(), h, m);
    return today > now ? new Date(today.getTime() - dayMs) : today;
  }
  const on = (year: number): Date => new Date(year, month - 1, day, h, m);
  const at = on(now.getFullYear());
  if (at.getMonth() !== month - 1 || at.getDate() !== day) return null;
  // Today's date without a time is this very day; a day still to come was last year's.
  if (at > now && hour === null && at.getDate() === now.getDate() && at.getMonth() === now.getMonth()) return atHour(now, 0, 0);
  return at > now ? on(now.getFullYear() - 1) : at;
}
