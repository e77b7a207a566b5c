/// What every screen about calls and work orders says, in both languages.

import type { Problem } from '../api';
import type {
  ActionKind,
  CallerRole,
  Channel,
  ClockKind,
  ContactOutcome,
  Desk,
  Disposition,
  HeatStatus,
  Leak,
  OrderState,
  Urgency,
  Vulnerable,
} from '../screens/work/shapes';
import type { Language } from '../wire';
import { tongue } from './index';

const zhProblems: Record<string, string> = {
  wrong_state: '工单的状态已经变了，请看最新情况。',
};
const enProblems: Record<string, string> = {
  wrong_state: 'The order has moved on; please look at it again.',
};

const states: Record<OrderState, string> = {
  review: '待派单',
  dispatched: '待接单',
  accepted: '已接单',
  contacted: '已联系',
  arrived: '已到场',
  waiting_customer: '等用户',
  deferred: '挂账',
  merged: '已合并',
  resolved: '待告知',
  replied: '待回访',
  closed: '已办结',
  withdrawn: '已撤销',
};
const clocks: Record<ClockKind, string> = { accept: '接单', contact: '联系', arrive: '到场', resolve: '处理', reply: '告知', callback: '回访' };
const urgencies: Record<Urgency, string> = { normal: '一般', urgent: '加急', emergency: '紧急' };
const channels: Record<Channel, string> = { phone: '电话', hall: '大厅', transfer_12345: '12345 转办', wechat: '微信', letter: '来信' };
const roles: Record<CallerRole, string> = { owner: '户主', tenant: '租户', property: '物业', company: '单位', other: '其他' };
const heat: Record<HeatStatus, string> = { heated: '用热', stopped: '报停', arrears: '欠费', new: '新入网' };
const leaks: Record<Leak, string> = { drops: '滴水', flows: '流水', gushes: '喷涌' };
const vulnerable: Record<Vulnerable, string> = { elderly: '老人', infant: '婴幼儿', patient: '病人' };
const dispositions: Record<Disposition, string> = {
  answered_directly: '直接答复',
  work_order: '转工单',
  attached: '挂片区事件',
  transferred: '转其他单位',
  invalid: '无效或骚扰',
  emergency: '转 119/110',
};
const outcomes: Record<ContactOutcome, string> = { reached: '已联系上', no_answer: '无人接听', wrong_number: '号码不对', refused: '用户拒绝' };
const actions: Record<ActionKind, string> = { work: '处理', investigation: '调查', note: '内部备注' };
const desks: Record<Desk, string> = { review: '待派单', callback: '待回访', extension: '待批延期' };
const story: Record<string, string> = {
  created: '建单',
  dispatched: '派单',
  claimed: '领取',
  accepted: '接单',
  contacted: '联系用户',
  arrived: '到场',
  acted: '处理记录',
  measured: '测温',
  resolved: '处理完成',
  replied: '告知用户',
  called_back: '回访',
  closed: '办结',
  returned: '退单',
  lease_expired: '超时收回',
  reassigned: '改派',
  co_assigned: '加派',
  co_finished: '协办完成',
  co_overdue: '协办超时',
  urged: '催办',
  supervised: '督办',
  extension_asked: '申请延期',
  extension_granted: '同意延期',
  extension_denied: '不同意延期',
  paused: '等用户',
  continued: '继续处理',
  deferred: '挂账',
  merged: '合并',
  unmerged: '拆开',
  reopened: '重新打开',
  sealed: '身份保密',
  withdrawn: '撤销',
  clock_warned: '时限提醒',
  clock_breached: '超时',
  escalated: '升级上报',
  revealed: '查看用户信息',
  archived: '归档',
};

const zh = {
  states,
  clocks,
  urgencies,
  channels,
  roles,
  heat,
  leaks,
  vulnerable,
  dispositions,
  outcomes,
  actions,
  desks,
  story,
  grades: { 5: '非常满意', 4: '满意', 3: '一般', 2: '不满意', 1: '非常不满意' } as Record<number, string>,
  underMinute: '不到 1 分钟',
  days: (d: number, h: number) => (h === 0 ? `${d} 天` : `${d} 天 ${h} 小时`),
  left: (text: string) => `还剩 ${text}`,
  late: (text: string) => `已超时 ${text}`,
  usedHalf: '已过半',
  usedMost: '快到时限',
  overdue: '超时',
  paused: '已暂停',
  done: '已完成',
  doneLate: '完成，但超时',
  sealed: '身份保密',
  sealedHelp: '来电人要求保密：处理人员看不到姓名、电话和门牌。',
  urged: (n: number) => `催办 ${n} 次`,
  supervised: (n: number) => `督办 ${n} 级`,
  escalated: (n: number) => `升级 ${n} 级`,
  reopened: (n: number) => `重开 ${n} 次`,
  children: (n: number) => `并入 ${n} 张`,
  mergedInto: (no: string) => `已并入 ${no}`,
  deferredUntil: (day: string) => `挂账到 ${day}`,
  inIncident: '片区事件',
  unknownPlace: '地址未登记',
  noTeam: '未派班组',
  refresh: '刷新',
  search: '查找',
  more: '更多',
  optional: '可不填',
  at: (time: string) => `${time}`,
};

export type WorkLang = typeof zh;

const en: WorkLang = {
  states: {
    review: 'To dispatch',
    dispatched: 'Waiting',
    accepted: 'Accepted',
    contacted: 'Contacted',
    arrived: 'On site',
    waiting_customer: 'Waits for customer',
    deferred: 'Deferred',
    merged: 'Merged',
    resolved: 'To be told',
    replied: 'To call back',
    closed: 'Closed',
    withdrawn: 'Withdrawn',
  },
  clocks: { accept: 'Accept', contact: 'Contact', arrive: 'Arrive', resolve: 'Resolve', reply: 'Reply', callback: 'Call back' },
  urgencies: { normal: 'Normal', urgent: 'Urgent', emergency: 'Emergency' },
  channels: { phone: 'Phone', hall: 'Hall', transfer_12345: 'From 12345', wechat: 'WeChat', letter: 'Letter' },
  roles: { owner: 'Owner', tenant: 'Tenant', property: 'Property manager', company: 'Company', other: 'Other' },
  heat: { heated: 'Heated', stopped: 'Heat stopped', arrears: 'In arrears', new: 'New' },
  leaks: { drops: 'Drops', flows: 'Flows', gushes: 'Gushes' },
  vulnerable: { elderly: 'Elderly', infant: 'Infant', patient: 'Patient' },
  dispositions: {
    answered_directly: 'Answered',
    work_order: 'Work order',
    attached: 'Area incident',
    transferred: 'Passed on',
    invalid: 'Invalid or harassing',
    emergency: 'To 119/110',
  },
  outcomes: { reached: 'Spoke with them', no_answer: 'No answer', wrong_number: 'Wrong number', refused: 'Customer refuses' },
  actions: { work: 'Work', investigation: 'Investigation', note: 'Internal note' },
  desks: { review: 'To dispatch', callback: 'To call back', extension: 'More time asked' },
  story: {
    created: 'Made',
    dispatched: 'Dispatched',
    claimed: 'Claimed',
    accepted: 'Accepted',
    contacted: 'Customer contacted',
    arrived: 'Arrived',
    acted: 'Work noted',
    measured: 'Temperature measured',
    resolved: 'Work done',
    replied: 'Customer told',
    called_back: 'Called back',
    closed: 'Closed',
    returned: 'Sent back',
    lease_expired: 'Taken back, time over',
    reassigned: 'Reassigned',
    co_assigned: 'Team added',
    co_finished: 'Helping team done',
    co_overdue: 'Helping team late',
    urged: 'Urged',
    supervised: 'Supervised',
    extension_asked: 'More time asked',
    extension_granted: 'More time granted',
    extension_denied: 'More time denied',
    paused: 'Waits for customer',
    continued: 'Goes on',
    deferred: 'Deferred',
    merged: 'Merged',
    unmerged: 'Separated',
    reopened: 'Reopened',
    sealed: 'Identity sealed',
    withdrawn: 'Withdrawn',
    clock_warned: 'Time warning',
    clock_breached: 'Time over',
    escalated: 'Escalated',
    revealed: 'Customer shown',
    archived: 'Archived',
  },
  grades: { 5: 'Very good', 4: 'Good', 3: 'Fair', 2: 'Poor', 1: 'Very poor' },
  underMinute: 'under 1 min',
  days: (d, h) => (h === 0 ? `${d} d` : `${d} d ${h} h`),
  left: (text) => `${text} left`,
  late: (text) => `${text} overdue`,
  usedHalf: 'half used',
  usedMost: 'nearly due',
  overdue: 'overdue',
  paused: 'paused',
  done: 'done',
  doneLate: 'done late',
  sealed: 'Identity sealed',
  sealedHelp: 'The caller asked for secrecy: whoever handles it sees neither name, number nor flat.',
  urged: (n) => `Urged ${n}×`,
  supervised: (n) => `Supervised, level ${n}`,
  escalated: (n) => `Escalated, level ${n}`,
  reopened: (n) => `Reopened ${n}×`,
  children: (n) => `${n} merged in`,
  mergedInto: (no) => `Merged into ${no}`,
  deferredUntil: (day) => `Deferred until ${day}`,
  inIncident: 'Area incident',
  unknownPlace: 'Address not known',
  noTeam: 'No team yet',
  refresh: 'Refresh',
  search: 'Search',
  more: 'More',
  optional: 'Optional',
  at: (time) => time,
};

export const workTexts: Record<Language, WorkLang> = { zh, en };
export const workProblems: Record<Language, Record<string, string>> = { zh: zhProblems, en: enProblems };

export const work = {
  get t(): WorkLang {
    return workTexts[tongue.language];
  },
  /// What a refusal about a call or an order says to the reader; the general words speak of tickets here and there.
  problem(problem: Problem): string {
    return workProblems[tongue.language][problem.code] ?? tongue.problem(problem);
  },
};
