/// The clerk's keys. F5 is kept from reloading the page, because it lies between the others; with Ctrl, Alt or Shift a key is the browser's.

export type Action = 'next' | 'recall' | 'start' | 'miss' | 'park' | 'transfer' | 'finish' | 'pause';

export const keyOf: Record<Action, string> = {
  next: 'F2',
  recall: 'F3',
  start: 'F4',
  miss: 'F6',
  park: 'F7',
  transfer: 'F8',
  finish: 'F9',
  pause: 'F10',
};
const actionOf = new Map(Object.entries(keyOf).map(([action, key]) => [key, action as Action]));

export interface Press {
  key: string;
  repeat: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

/// `ours`: the browser must not have it. A key held down acts once.
export function read(press: Press): { ours: boolean; action: Action | null } {
  const action = actionOf.get(press.key) ?? null;
  const plain = !press.ctrlKey && !press.altKey && !press.metaKey && !press.shiftKey;
  const ours = plain && (action !== null || press.key === 'F5');
  return { ours, action: ours && !press.repeat ? action : null };
}
