/// Where a device keeps its token: one per kind, so that a kiosk and a board can share a browser while a hall is being tried out.
/// `#token=…` in the address is kept and wiped, so that a device can be set up by its start command.

import type { DeviceKind } from './wire';

const plainKey = 'warmhall.token';
const keyOf = (kind: DeviceKind): string => `${plainKey}.${kind}`;

export function readToken(kind: DeviceKind | null): string | null {
  if (kind === null) return null;
  const given = /(?:^#|&)token=([^&]+)/.exec(location.hash)?.[1];
  if (given !== undefined) {
    keepToken(kind, decodeURIComponent(given));
    history.replaceState(null, '', location.pathname + location.search);
  }
  return stored(keyOf(kind)) ?? stored(plainKey);
}

export function keepToken(kind: DeviceKind, token: string): void {
  try {
    localStorage.setItem(keyOf(kind), token);
  } catch {
    // A browser that keeps nothing still works until it is closed: the pairing page asks again.
  }
}

export function forgetToken(kind: DeviceKind): void {
  try {
    localStorage.removeItem(keyOf(kind));
  } catch {
    // Nothing was kept.
  }
}

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
