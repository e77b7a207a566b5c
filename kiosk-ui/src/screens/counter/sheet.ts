/// The one-time notice (一次性告知单): what was lacking or why it was refused, what to do, and everything the service needs; in both
/// languages, with a number and never a name.

import type { Finish } from '../../api';
import { staffTexts } from '../../lang/staff';
import type { CounterState, KioskService, Language, Material, Text, TicketFull } from '../../wire';

export interface Sheet {
  kind: 'refused' | 'missing';
  hall: Text;
  number: string;
  service: Text;
  counter: string;
  at: string;
  first: Language;
  both: boolean;
  reason: Text | null;
  solution: Text | null;
  missing: Text[];
  all: Material[];
  hotline: string;
  zone: string;
}

const same = (words: string): Text => ({ zh: words, en: words });

/// The sheet that belongs to this end of a ticket; null where none is owed.
export function sheetOf(state: CounterState, ticket: TicketFull, service: KioskService | null, finish: Finish, at: string): Sheet | null {
  if (finish.outcome !== 'refused' && finish.outcome !== 'missing_materials') return null;
  return {
    kind: finish.outcome === 'refused' ? 'refused' : 'missing',
    hall: state.hall.name,
    number: ticket.number,
    service: service?.name ?? same(ticket.service),
    counter: state.counter.no,
    at,
    first: ticket.language === 'en' ? 'en' : 'zh',
    both: state.hall.languages.length > 1,
    reason: finish.reason === undefined ? null : inBoth(finish.reason),
    solution: finish.solution === undefined ? null : inBoth(finish.solution),
    missing: (finish.materials ?? []).map((each) => service?.materials.find((known) => known.id === each)?.name ?? same(each)),
    all: service?.materials ?? [],
    hotline: state.hall.hotline,
    zone: state.hall.time_zone,
  };
}

/// A clerk's words in both languages when they are one of the prepared ones; else as they were typed.
export function inBoth(words: string): Text {
  const zh = staffTexts.zh.counter.finishDialog.refusals;
  const en = staffTexts.en.counter.finishDialog.refusals;
  for (const id of Object.keys(zh) as (keyof typeof zh)[]) {
    for (const part of ['reason', 'solution'] as const) {
      if (words === zh[id][part] || words === en[id][part]) return { zh: zh[id][part], en: en[id][part] };
    }
  }
  return same(words);
}
