/// The texts of the customer's page about a case, in both languages. Written for somebody who is eighty, cold and cross.

import type { Language } from '../wire';
import { tongue } from './index';

const zh = {
  title: '查工单进度',
  intro: '请输入工单号和登记时电话的后四位。',
  no: '工单号',
  noHint: '在短信或回执上，例如 20261123-0001',
  tail: '电话后四位',
  tailHint: '就是您打热线时留的电话',
  go: '查询',
  busy: '正在查…',
  again: '查另一张',
  refresh: '看最新进度',
  number: (no: string) => `工单 ${no}`,
  now: '现在的情况',
  next: '接下来',
  promise: '我们承诺',
  promiseSaid: '接线员答应您的',
  promiseBy: (time: string) => `${time} 之前`,
  promiseLate: (time: string) => `原定 ${time} 之前。我们晚了，很抱歉，已经在催办。`,
  reply: '给您的答复',
  steps: '经过',
  needNo: '请输入工单号。',
  needTail: '请输入四位数字。',
  notFound: '没有找到。请核对工单号和电话后四位；两样都对上才能查。',
  tooMany: (min: number) => `查得太频繁了。请过 ${min} 分钟再试，或直接打热线。`,
  unreachable: '现在连不上，请稍等一会儿再试，或直接打热线。',
  hotline: (no: string) => `热线 ${no}`,
  call: '打热线',
};

export type CaseLang = typeof zh;

const en: CaseLang = {
  title: 'How far is my case?',
  intro: 'Please enter the case number and the last four digits of the phone you gave us.',
  no: 'Case number',
  noHint: 'On the message or receipt, for example 20261123-0001',
  tail: 'Last four digits of the phone',
  tailHint: 'The phone you gave us when you called',
  go: 'Look up',
  busy: 'Looking…',
  again: 'Another case',
  refresh: 'Look again',
  number: (no) => `Case ${no}`,
  now: 'Where it stands',
  next: 'What comes next',
  promise: 'We promise',
  promiseSaid: 'The operator promised you',
  promiseBy: (time) => `before ${time}`,
  promiseLate: (time) => `It was to be before ${time}. We are late, and sorry; it is being urged.`,
  reply: 'Our answer to you',
  steps: 'What happened so far',
  needNo: 'Please enter the case number.',
  needTail: 'Please enter four digits.',
  notFound: 'Not found. Please check the case number and the four digits; both have to match.',
  tooMany: (min) => `That was too often. Please try again in ${min} min, or call the hotline.`,
  unreachable: 'We cannot be reached now. Please try again in a moment, or call the hotline.',
  hotline: (no) => `Hotline ${no}`,
  call: 'Call the hotline',
};

export const caseTexts: Record<Language, CaseLang> = { zh, en };
export const words = {
  get t(): CaseLang {
    return caseTexts[tongue.language];
  },
};
