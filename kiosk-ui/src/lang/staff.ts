/// The staff's texts in the reader's language.

import type { Language } from '../wire';
import { tongue } from './index';
import { staffEn } from './staff.en';
import { staffZh, type StaffLang } from './staff.zh';

export type { StaffLang } from './staff.zh';
export const staffTexts: Record<Language, StaffLang> = { zh: staffZh, en: staffEn };

export const words = {
  get t(): StaffLang {
    return staffTexts[tongue.language];
  },
};
