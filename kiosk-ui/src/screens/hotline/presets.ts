/// What operators read out while an area is without heat, until somebody writes better words.

import type { Text } from '../../wire';

export const outageScript: Text = {
  zh: '您好，您所在小区的供热正在抢修，我们已经派人处理，恢复后会通知您。给您添麻烦了，请谅解。',
  en: 'Your area is without heat. Our people are already working on it, and we will let you know when it is back. We are sorry for the trouble.',
};
