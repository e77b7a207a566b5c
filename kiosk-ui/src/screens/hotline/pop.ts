/// Which ringing calls are mine, and which of them have opened a form already: each opens one, once, in this tab.

import type { Ringing } from '../work/shapes';

const poppedAs = 'warmhall.popped';
const seatAs = 'warmhall.seat.phone';
const rememberedMax = 50;

export function popped(): string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(poppedAs) ?? '[]');
    return Array.isArray(kept) ? kept.filter((each): each is string => typeof each === 'string') : [];
  } catch {
    return [];
  }
}

export function remember(phoneCall: string): void {
  try {
    sessionStorage.setItem(poppedAs, JSON.stringify([...popped().filter((each) => each !== phoneCall), phoneCall].slice(-rememberedMax)));
  } catch {
    // Not kept: after a reload the form may open once more, on the same call.
  }
}

/// Answered by this person, first or after a transfer: the exchange knows them by their extension or by their user name.
export function mineToPop(ringing: Ringing[], seat: string, username: string, already: string[]): Ringing[] {
  const names = [seat, username].filter((each) => each !== '');
  const answered = (one: Ringing): boolean => one.state === 'answered' && [one.agent, ...one.answerers].some((by) => by !== null && names.includes(by));
  return ringing.filter((one) => answered(one) && !already.includes(one.phone_call));
}

export function readSeat(): string {
  try {
    return localStorage.getItem(seatAs) ?? '';
  } catch {
    return '';
  }
}

export function keepSeat(seat: string): void {
  try {
    localStorage.setItem(seatAs, seat);
  } catch {
    // Not kept: to be typed again tomorrow.
  }
}
