/// What may be done with an order from the desk, by whom and when; and the form each asks for.

import type { Role } from '../../wire';
import { isOver, who } from '../work/order';
import type { StepName } from '../work/doors';
import type { OrderState, WorkOrder } from '../work/shapes';

export type FieldKind = 'team' | 'text' | 'long' | 'number' | 'day' | 'yes_no' | 'grade' | 'tick';
export interface OpField {
  /// Its name in the body, and in the texts.
  name: string;
  label: 'team' | 'reason' | 'reasonOptional' | 'note' | 'limit' | 'until' | 'into' | 'text' | 'what' | 'reached' | 'solved' | 'grade' | 'remark' | 'giveUp';
  kind: FieldKind;
  required: boolean;
}
export interface Op {
  /// Its name in the texts.
  id: string;
  step: StepName;
  roles: Role[];
  fields: OpField[];
  /// Said without being asked.
  fixed?: Record<string, unknown>;
  danger?: boolean;
  when(order: WorkOrder, username: string): boolean;
}

const field = (name: string, label: OpField['label'], kind: FieldKind, required = true): OpField => ({ name, label, kind, required });
const reason = field('reason', 'reason', 'long');
const note = field('note', 'note', 'long', false);
const working: OrderState[] = ['dispatched', 'accepted', 'contacted', 'arrived', 'waiting_customer'];
const isWorking = (order: WorkOrder): boolean => working.includes(order.state);
const asked = (order: WorkOrder): boolean => order.extension !== null && order.extension.decision === null;
/// Whoever worked on it or looked into it does not call back.
const mine = (order: WorkOrder, username: string): boolean =>
  order.handlers.some((each) => who(each) === username) || order.actions.some((each) => each.kind !== 'note' && who(each.by) === username);

export const ops: Op[] = [
  { id: 'dispatch', step: 'dispatch', roles: ['operator', 'lead', 'admin'], fields: [field('team', 'team', 'team')], when: (order) => order.state === 'review' },
  { id: 'grant', step: 'grant', roles: ['lead', 'admin'], fields: [note], when: asked },
  { id: 'deny', step: 'deny', roles: ['lead', 'admin'], fields: [note], when: asked },
  { id: 'urge', step: 'urge', roles: ['operator', 'clerk', 'lead', 'admin'], fields: [note], when: (order) => !isOver(order) && order.state !== 'merged' },
  { id: 'reply', step: 'reply', roles: ['operator', 'lead', 'admin'], fields: [field('text', 'text', 'long')], when: (order) => order.state === 'resolved' },
  {
    id: 'callback',
    step: 'callback',
    roles: ['operator', 'lead', 'clerk', 'admin'],
    fields: [field('reached', 'reached', 'yes_no'), field('solved', 'solved', 'yes_no', false), field('grade', 'grade', 'grade', false), field('remark', 'remark', 'long', false), field('give_up', 'giveUp', 'tick', false)],
    when: (order, username) => (order.state === 'replied' || order.state === 'resolved') && !mine(order, username),
  },
  { id: 'investigate', step: 'act', roles: ['lead', 'admin'], fixed: { kind: 'investigation' }, fields: [field('what', 'what', 'long')], when: (order) => order.category.startsWith('C') && isWorking(order) },
  { id: 'reassign', step: 'reassign', roles: ['lead', 'admin'], fields: [field('team', 'team', 'team'), field('reason', 'reasonOptional', 'long', false)], when: isWorking },
  {
    id: 'co-assign',
    step: 'co-assign',
    roles: ['operator', 'lead', 'admin'],
    fields: [field('team', 'team', 'team'), field('reason', 'reasonOptional', 'long', false), field('limit_min', 'limit', 'number', false)],
    when: isWorking,
  },
  { id: 'co-finish', step: 'co-finish', roles: ['lead', 'admin'], fields: [field('team', 'team', 'team'), note], when: (order) => order.co_teams.some((each) => each.done_at === null) },
  { id: 'supervise', step: 'supervise', roles: ['lead', 'manager', 'admin'], fields: [note], when: (order) => !isOver(order) },
  { id: 'defer', step: 'defer', roles: ['lead', 'admin'], fields: [field('until', 'until', 'day'), reason], when: (order) => order.state === 'review' || isWorking(order) },
  { id: 'merge', step: 'merge', roles: ['operator', 'lead', 'admin'], fields: [field('into', 'into', 'text')], when: (order) => order.state === 'review' || isWorking(order) },
  { id: 'unmerge', step: 'unmerge', roles: ['lead', 'admin'], fields: [], when: (order) => order.state === 'merged' },
  { id: 'reopen', step: 'reopen', roles: ['operator', 'lead', 'admin'], fields: [reason], when: (order) => ['resolved', 'replied', 'closed'].includes(order.state) },
  { id: 'withdraw', step: 'withdraw', roles: ['operator', 'lead', 'admin'], fields: [reason], danger: true, when: (order) => !isOver(order) },
];

export const opsFor = (order: WorkOrder, roles: Role[], username: string): Op[] => ops.filter((op) => op.roles.some((role) => roles.includes(role)) && op.when(order, username));

export type Values = Record<string, string>;

/// Which required fields are empty.
export function lacksOf(op: Op, values: Values): string[] {
  const empty = (name: string): boolean => (values[name] ?? '').trim() === '';
  const lacking = op.fields.filter((each) => each.required && empty(each.name)).map((each) => each.name);
  if (op.id === 'callback' && values['reached'] === 'yes' && empty('solved')) lacking.push('solved');
  return lacking;
}

/// The body that says what was filled in; what was left out is not said.
export function bodyOf(op: Op, values: Values): Record<string, unknown> {
  const body: Record<string, unknown> = { ...op.fixed };
  for (const each of op.fields) {
    const typed = (values[each.name] ?? '').trim();
    if (typed === '') continue;
    if (each.kind === 'yes_no' || each.kind === 'tick') body[each.name] = typed === 'yes';
    else if (each.kind === 'number' || each.kind === 'grade') {
      const number = Math.round(Number(typed));
      if (Number.isFinite(number) && number > 0) body[each.name] = number;
    } else body[each.name] = typed;
  }
  // Somebody who was not reached said nothing.
  if (op.id === 'callback' && body['reached'] === false) {
    delete body['solved'];
    delete body['grade'];
  }
  return body;
}
