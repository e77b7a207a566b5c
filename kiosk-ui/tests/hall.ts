/// A hall as the server would describe it, for the tests of screens.

import type { BoardState, HallProfile, IssueAnswer, KioskService, KioskState } from '../src/wire';

export const profile: HallProfile = {
  name: { zh: '暖城热力', en: 'Nuancheng Heating' },
  languages: ['zh', 'en'],
  time_zone: 'Asia/Shanghai',
  hotline: '96777',
};

export function service(id: string, prefix: string, zh: string, en: string, more: Partial<KioskService> = {}): KioskService {
  return {
    id,
    prefix,
    name: { zh, en },
    hint: null,
    open: true,
    closed_reason: null,
    waiting: 3,
    wait: { low_min: 10, high_min: 18 },
    materials: [{ id: 'id', name: { zh: '身份证', en: 'Identity card' }, required: true }],
    counters: ['1', '2'],
    area: { zh: '东侧等候区', en: 'East side' },
    open_counters: 2,
    ...more,
  };
}

export const kiosk: KioskState = {
  hall: profile,
  demo: false,
  open: true,
  standing: 'open',
  opens_at: null,
  enforce_hours: true,
  hours: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], open: '08:30', close: '17:00' }],
  services: [
    service('repair', 'B', '报修', 'Repairs'),
    service('pay', 'A', '缴费', 'Payment', { open: false, closed_reason: 'full', waiting: 0, wait: null }),
  ],
  classes: [
    { id: 'ordinary', name: { zh: '普通', en: 'Ordinary' }, hint: null },
    { id: 'courtesy', name: { zh: '敬老优先', en: 'Elderly' }, hint: { zh: '60岁以上', en: 'Over 60' } },
  ],
  counters: [],
  notices: [],
  emergency: null,
};

export const issued: IssueAnswer = {
  ticket: {
    id: 'tk_1',
    number: 'B007',
    service: 'repair',
    class: 'ordinary',
    state: 'waiting',
    language: 'zh',
    issued_at: '2026-11-23T01:02:03Z',
    service_day: '2026-11-23',
    counter: null,
    called_at: null,
    calls: 0,
    source: 'kiosk:k1',
  },
  ahead: 3,
  wait: { low_min: 10, high_min: 18 },
  status_url: '/t/abc',
  epoch: 'e1',
  rev: 5,
};

export const board: BoardState = {
  hall: profile,
  calls: [
    { number: 'B007', counter: '3', at: '2026-11-23T01:00:00Z', calls: 2, rev: 9, language: 'zh', class: 'ordinary', state: 'called' },
    { number: 'A002', counter: '12', at: '2026-11-23T00:58:00Z', calls: 1, rev: 7, language: 'zh', class: 'ordinary', state: 'missed' },
  ],
  waiting: { repair: 3 },
  services: [{ id: 'repair', prefix: 'B', name: { zh: '报修', en: 'Repairs' }, open: true, waiting: 3, wait: { low_min: 4, high_min: 9 }, next: ['B008'] }],
  missed: ['A002'],
  counters: [],
  notice: null,
  notices: [],
  emergency: null,
  open: true,
};
