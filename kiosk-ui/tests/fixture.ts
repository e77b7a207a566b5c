/// A clerk's counter with one ticket in hand, for tests.

import type { CounterState, KioskService, TicketBrief, TicketFull } from '../src/wire';

export const at = '2026-11-23T01:30:00Z';

export const service: KioskService = {
  id: 'connect',
  prefix: 'A',
  name: { zh: '报装', en: 'New connection' },
  hint: null,
  open: true,
  closed_reason: null,
  waiting: 2,
  wait: { low_min: 5, high_min: 9 },
  materials: [
    { id: 'id_card', name: { zh: '身份证', en: 'ID card' }, required: true },
    { id: 'deed', name: { zh: '房产证', en: 'Deed' }, required: true },
    { id: 'auth', name: { zh: '委托书', en: 'Written authority' }, required: false },
  ],
  counters: ['3'],
  area: null,
  open_counters: 1,
};

export const brief = (number: string, more: Partial<TicketBrief> = {}): TicketBrief => ({
  id: `tk_${number}`,
  number,
  service: 'connect',
  class: 'ordinary',
  state: 'waiting',
  language: 'zh',
  issued_at: '2026-11-23T01:00:00Z',
  joined_at: '2026-11-23T01:00:00Z',
  called_at: null,
  counter: null,
  calls: 0,
  late: false,
  ...more,
});

export const inHand = (state: 'called' | 'serving', more: Partial<TicketFull> = {}): TicketFull => ({
  ...brief('A007'),
  state,
  counter: '3',
  called_at: '2026-11-23T01:29:58Z',
  calls: 1,
  service_day: '2026-11-23',
  source: 'kiosk:k1',
  started_at: state === 'serving' ? '2026-11-23T01:29:59Z' : null,
  legs: [],
  outcome: null,
  reason: null,
  solution: null,
  materials: [],
  rating: null,
  park_reason: null,
  ...more,
});

export const counterState = (ticket: TicketFull | null, more: Partial<CounterState['counter']> = {}): CounterState => ({
  hall: { name: { zh: '城北大厅', en: 'North hall' }, languages: ['zh', 'en'], time_zone: 'Asia/Shanghai', hotline: '96777' },
  counter: {
    no: '3',
    name: null,
    state: 'open',
    clerk: 'chen.yu',
    fence: 6,
    paused_reason: null,
    since: '2026-11-23T01:00:00Z',
    services: [{ id: 'connect', name: service.name, offset_min: 0 }],
    ...more,
  },
  ticket,
  why:
    ticket === null
      ? null
      : {
          rule: 'least_score',
          service: 'connect',
          score_min: 20,
          offset_min: 0,
          passed_over: [{ number: 'A005', service: 'connect', class: 'courtesy', waited_min: 25, score_min: 15 }],
          reason: null,
        },
  lines: [{ service: 'connect', name: service.name, waiting: 2, mine: true, offset_min: 0, longest_wait_s: 900, head: [brief('A008'), brief('A009')] }],
  reserved: [brief('C004', { service: 'pay', class: 'courtesy' })],
  parked: [brief('A002', { state: 'parked', counter: '3' })],
  missed: [brief('A001', { state: 'missed' })],
  today: { served: 8, refused: 1, missed: 2, mean_service_s: 412 },
  notices: [],
  emergency: null,
  services: [service, { ...service, id: 'pay', prefix: 'C', name: { zh: '缴费', en: 'Payments' }, materials: [] }],
  counters: [
    { no: '3', name: null, state: 'open', services: ['connect'] },
    { no: '4', name: null, state: 'closed', services: ['pay'] },
  ],
  outcomes: ['done', 'refused', 'missing_materials', 'info_only', 'work_order'],
  recall_gap_s: 5,
  demo: false,
});
