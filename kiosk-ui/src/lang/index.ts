/// The reader's language: which one, its texts, and the right half of a bilingual text.

import { createSubscriber } from 'svelte/reactivity';
import { Problem } from '../api';
import type { Language, Text } from '../wire';
import { en } from './en';
import { zh, type Lang } from './zh';

export type { Lang } from './zh';
export const texts: Record<Language, Lang> = { zh, en };

const keptAs = 'warmhall.language';

class Tongue {
  #language: Language = initial();
  readonly #updates = new Set<() => void>();
  readonly #follow = createSubscriber((update) => {
    this.#updates.add(update);
    return () => this.#updates.delete(update);
  });

  constructor() {
    mark(this.#language);
  }

  get language(): Language {
    this.#follow();
    return this.#language;
  }
  /// The texts of the current language.
  get t(): Lang {
    return texts[this.language];
  }
  /// Changes the language; kept for this browser unless the screen is shared by strangers (`keep` false).
  use(language: Language, keep = true): void {
    this.#language = language;
    mark(language);
    if (keep) {
      try {
        localStorage.setItem(keptAs, language);
      } catch {
        // Not kept: the next visit starts with the browser's language.
      }
    }
    for (const update of this.#updates) update();
  }
  toggle(keep = true): void {
    this.use(this.#language === 'zh' ? 'en' : 'zh', keep);
  }
  /// The reader's half of a bilingual text; the other where it is empty.
  pick(text: Text | null | undefined): string {
    if (!text) return '';
    return text[this.language] || text[this.language === 'zh' ? 'en' : 'zh'];
  }
  /// What a refusal or failure says to the reader.
  problem(problem: Problem): string {
    return this.t.problems[problem.code] ?? this.t.problems.internal;
  }
}

export const tongue = new Tongue();

function initial(): Language {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked === 'zh' || asked === 'en') return asked;
  try {
    const kept = localStorage.getItem(keptAs);
    if (kept === 'zh' || kept === 'en') return kept;
  } catch {
    // Go on with the browser's.
  }
  return navigator.language.toLowerCase().startsWith('en') ? 'en' : 'zh';
}

function mark(language: Language): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
}
