/// What stands around every staff screen: the bar on top, and the strip about a lost answer.

import type { Language } from '../wire';
import { tongue } from './index';

const zh = {
  signOut: '退出登录',
  home: '回到开始页',
  badge: (no: string) => `工号 ${no}`,
  links: { counter: '窗口', lead: '总览', hotline: '热线', team: '班组', orders: '工单' },
  unsure: {
    title: '没有收到回答，不知道是否成功',
    text: '再试一次不会重复：同一件事只做一次。',
    again: '再试一次',
    forget: '知道了',
  },
};

export type BarLang = typeof zh;

const en: BarLang = {
  signOut: 'Sign out',
  home: 'Start page',
  badge: (no) => `Badge ${no}`,
  links: { counter: 'Counter', lead: 'Overview', hotline: 'Hotline', team: 'Team', orders: 'Orders' },
  unsure: {
    title: 'No answer came; it may or may not have worked',
    text: 'Trying again is safe: the same thing is done only once.',
    again: 'Try again',
    forget: 'Dismiss',
  },
};

export const barTexts: Record<Language, BarLang> = { zh, en };
export const bar = {
  get t(): BarLang {
    return barTexts[tongue.language];
  },
};
