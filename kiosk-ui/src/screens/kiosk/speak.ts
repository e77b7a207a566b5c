/// Reads aloud with the device's own voice, where it has one. A help, never the only way.

import type { Language } from '../../wire';

const tags: Record<Language, string> = { zh: 'zh-CN', en: 'en-GB' };

export function speak(words: string, language: Language): void {
  if (!('speechSynthesis' in window)) return;
  speechSynthesis.cancel();
  const saying = new SpeechSynthesisUtterance(words);
  saying.lang = tags[language];
  saying.rate = 0.9;
  speechSynthesis.speak(saying);
}

export function hush(): void {
  if ('speechSynthesis' in window) speechSynthesis.cancel();
}

/// “B007” as “B 0 0 7”, so that a voice reads the figures one by one.
export const spelled = (number: string): string => [...number].join(' ');
