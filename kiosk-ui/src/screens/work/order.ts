/// An order in words: where it is, who has it, what it is about.

import { tongue } from '../../lang';
import { work } from '../../lang/work';
import type { OrderBrief, PlanCategory } from './shapes';

type Place = { community: string | null; building: string | null; unit: string | null; room: string | null; text?: string | null };

/// 阳光花园 3号楼 2单元 501
export function placeOf(place: Place): string {
  const parts = [place.community, place.building, place.unit, place.room].filter((each): each is string => each !== null && each !== '');
  const line = parts.join(' ');
  const text = place.text ?? '';
  return line === '' ? text : text === '' || line.includes(text) ? line : `${line}（${text}）`;
}

/// An actor without its role: `handler:wang` → wang.
export const who = (actor: string | null): string => (actor === null ? '' : actor.slice(actor.indexOf(':') + 1));

export const isMine = (actor: string | null, username: string): boolean => actor !== null && who(actor) === username;

export const categoryLine = (order: Pick<OrderBrief, 'category' | 'category_name'>): string => `${order.category} ${tongue.pick(order.category_name)}`.trim();

export const nameOfCategory = (categories: PlanCategory[], id: string | null): string => {
  const found = categories.find((each) => each.id === id);
  return id === null ? '' : `${id} ${tongue.pick(found?.name)}`.trim();
};

/// The event's word in a story.
export const storyWord = (type: string): string => work.t.story[type.replace(/^work_order\./, '')] ?? type;

/// The marks an order carries beside its state.
export function flagsOf(order: OrderBrief): string[] {
  const t = work.t;
  const flags: string[] = [];
  if (order.urgency !== 'normal') flags.push(t.urgencies[order.urgency]);
  if (order.urges > 0) flags.push(t.urged(order.urges));
  if (order.supervised > 0) flags.push(t.supervised(order.supervised));
  if (order.escalation > 0) flags.push([t.escalated(order.escalation), tongue.pick(order.escalated_to)].filter((each) => each !== '').join(' · '));
  if (order.reopened > 0) flags.push(t.reopened(order.reopened));
  if (order.children > 0) flags.push(t.children(order.children));
  if (order.incident !== null) flags.push(t.inIncident);
  return flags;
}

const over: OrderBrief['state'][] = ['closed', 'withdrawn'];
export const isOver = (order: Pick<OrderBrief, 'state'>): boolean => over.includes(order.state);
