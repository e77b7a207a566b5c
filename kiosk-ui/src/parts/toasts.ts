/// Short messages that go away by themselves; failures stay longer than news.

import { writable } from 'svelte/store';

export interface Toast {
  id: number;
  tone: 'news' | 'good' | 'bad';
  text: string;
}

const newsMsMax = 4_000;
const failureMsMax = 9_000;
const shownMax = 4;

let last = 0;
export const toasts = writable<Toast[]>([]);

export function toast(text: string, tone: Toast['tone'] = 'news'): void {
  last += 1;
  const one: Toast = { id: last, tone, text };
  toasts.update((all) => [...all.filter((each) => each.text !== text), one].slice(-shownMax));
  setTimeout(() => dismiss(one.id), tone === 'bad' ? failureMsMax : newsMsMax);
}

export function dismiss(id: number): void {
  toasts.update((all) => all.filter((each) => each.id !== id));
}
