/// What is said at the door: signing in, and the first administrator.

import type { Language } from '../wire';
import { tongue } from './index';

const zh = {
  signin: {
    title: '登录',
    lead: '工作人员登录',
    username: '用户名',
    password: '密码',
    show: '显示密码',
    hide: '隐藏密码',
    go: '登录',
    needed: '请填写用户名和密码。',
    waitS: (s: number) => `请等 ${s} 秒再试。`,
    help: '没有账号或忘了密码，请找管理员。',
    already: (name: string) => `您已登录：${name}`,
    goOn: '继续',
    other: '换一个账号',
    home: '回到开始页',
  },
  setup: {
    title: '第一次使用',
    lead: '建立第一位管理员',
    text: '这个账号可以添加其他人。请记好密码，系统里没有默认密码。',
    username: '用户名',
    usernameHint: '字母、数字、点、横线，最长 32 个，例如 zhang.wei',
    name: '姓名（可不填）',
    password: '密码',
    repeat: '再输一遍密码',
    rules: {
      length: (n: number) => `至少 ${n} 个字符`,
      notName: '不含用户名',
      notPlain: '不是常见、重复或连续的字符',
      same: '两遍一样',
    },
    rulesTitle: '密码要求',
    met: '已满足',
    unmet: '未满足',
    go: '建立管理员',
    done: '管理员已建立',
    doneText: '正在登录…',
    noToken: '需要一次性链接',
    noTokenText: '请用启动服务时屏幕上显示的链接打开本页。链接只能用一次。',
    already: '已经设置过了',
    alreadyText: '管理员已经存在，请直接登录。',
    toSignIn: '去登录',
    usernameWrong: '用户名只能用字母、数字、点、横线和下划线，最长 32 个。',
  },
};

export type EntryLang = typeof zh;

const en: EntryLang = {
  signin: {
    title: 'Sign in',
    lead: 'Staff sign-in',
    username: 'User name',
    password: 'Password',
    show: 'Show password',
    hide: 'Hide password',
    go: 'Sign in',
    needed: 'Please fill in user name and password.',
    waitS: (s) => `Please wait ${s} s and try again.`,
    help: 'No account, or password forgotten? Ask the administrator.',
    already: (name) => `You are signed in: ${name}`,
    goOn: 'Go on',
    other: 'Use another account',
    home: 'Start page',
  },
  setup: {
    title: 'First use',
    lead: 'Create the first administrator',
    text: 'This account can add the others. Remember the password well: there is no default one.',
    username: 'User name',
    usernameHint: 'Letters, digits, dots and dashes, at most 32, such as zhang.wei',
    name: 'Name (optional)',
    password: 'Password',
    repeat: 'The password again',
    rules: {
      length: (n) => `At least ${n} characters`,
      notName: 'Does not contain the user name',
      notPlain: 'Not a common one, a row, or one character repeated',
      same: 'Both the same',
    },
    rulesTitle: 'The password',
    met: 'fulfilled',
    unmet: 'not yet',
    go: 'Create the administrator',
    done: 'The administrator is created',
    doneText: 'Signing in…',
    noToken: 'The one-time link is needed',
    noTokenText: 'Open this page by the link that the server showed at its start. It works once.',
    already: 'Already set up',
    alreadyText: 'There is an administrator. Please sign in.',
    toSignIn: 'To sign-in',
    usernameWrong: 'Only letters, digits, dots, dashes and underscores, at most 32.',
  },
};

export const entryTexts: Record<Language, EntryLang> = { zh, en };
export const entryWords = {
  get t(): EntryLang {
    return entryTexts[tongue.language];
  },
};
