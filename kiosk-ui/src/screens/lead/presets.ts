/// Notices that halls post again and again, in both languages.

import type { Text } from '../../wire';

export const noticePresets: { name: Text; text: Text }[] = [
  {
    name: { zh: '人多', en: 'Busy' },
    text: {
      zh: '现在人较多，等候时间较长，请谅解。不急的业务可以改天来。',
      en: 'It is busy now and waits are long. If your matter is not urgent, you may come another day.',
    },
  },
  {
    name: { zh: '午休', en: 'Midday break' },
    text: { zh: '午休时间暂停办理，已取的号下午继续有效。', en: 'Service stops for the midday break. Numbers stay valid in the afternoon.' },
  },
  {
    name: { zh: '系统维护', en: 'Maintenance' },
    text: { zh: '系统正在维护，部分业务稍慢，请谅解。', en: 'The system is being serviced and some matters take longer. Thank you for your patience.' },
  },
  {
    name: { zh: '即将停止取号', en: 'Last numbers' },
    text: { zh: '今天即将停止取号，已取号的顾客都会办完。', en: 'Numbers end soon today. Everybody who has one will be served.' },
  },
];
