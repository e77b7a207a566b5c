/// What every device screen needs: its token, its live line, and the way to the pairing page when it is not let in.

import { Api } from '../api';
import { Live, type View } from '../live';
import { readToken } from '../token';
import type { DeviceKind } from '../wire';

export interface Line<S> {
  live: Live<S>;
  api: Api;
}

export function openDevice<S>(kind: DeviceKind, view: View, params: Record<string, string> = {}): Line<S> {
  const token = readToken(kind);
  return { live: new Live<S>({ view, params, token }), api: new Api(token) };
}

/// Asks for a new token and comes back here.
export function goToPairing(kind: DeviceKind): void {
  const query = new URLSearchParams({ kind, next: location.pathname + location.search });
  location.replace(`/pair?${query}`);
}
