/// The operator's keys. With Ctrl, Alt or Shift a key is the browser's; F5 never reloads a page with a call on it.

export type Action = 'new' | 'callbacks' | 'dispatch' | 'nextCall' | 'attach' | 'order' | 'answered' | 'urge' | 'other';

export const keyOf: Record<Action, string> = {
  new: 'F2',
  callbacks: 'F3',
  dispatch: 'F4',
  nextCall: 'F6',
  attach: 'F7',
  order: 'F8',
  answered: 'F9',
  urge: 'F10',
  other: 'Escape',
};
/// As written on the keyboard.
export const keyName = (action: Action): string => (action === 'other' ? 'Esc' : keyOf[action]);

const actionOf = new Map(Object.entries(keyOf).map(([action, key]) => [key, action as Action]));

export interface Press {
  key: string;
  repeat: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  /// An input method is at work: the key belongs to it.
  isComposing?: boolean;
}

/// `ours`: the browser must not have it. A key held down acts once.
export function read(press: Press): { ours: boolean; action: Action | null } {
  const plain = !press.ctrlKey && !press.altKey && !press.metaKey && !press.shiftKey && press.isComposing !== true;
  const action = plain ? (actionOf.get(press.key) ?? null) : null;
  const ours = plain && ((action !== null && action !== 'other') || press.key === 'F5');
  return { ours, action: press.repeat ? null : action };
}
