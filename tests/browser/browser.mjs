/// Chromium, one profile for each screen, and what every screen owes its reader: no error, no serious axe violation, large targets.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const of = createRequire(new URL('../../kiosk-ui/package.json', import.meta.url));
const { chromium } = of('playwright-core');
const axe = readFileSync(of.resolve('axe-core/axe.min.js'), 'utf8');

export const waitMsMax = 30_000;
const kioskTargetPxMin = 60;

export const sizes = {
  kiosk: { width: 1080, height: 1920 },
  board: { width: 1920, height: 1080 },
  display: { width: 1024, height: 600 },
  counter: { width: 1366, height: 768 },
  lead: { width: 1920, height: 1080 },
  phone: { width: 390, height: 844 },
  small: { width: 360, height: 740 },
  hotline: { width: 1366, height: 768 },
  page: { width: 1366, height: 768 },
};

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/// A screen of its own: own cookies, own storage. Printing is counted, errors of the page are kept.
export async function screen(browser, base, size, options = {}) {
  const context = await browser.newContext({ baseURL: base, viewport: sizes[size], locale: 'zh-CN', timezoneId: 'Asia/Shanghai', ...options });
  context.setDefaultTimeout(waitMsMax);
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(String(error.stack ?? error)));
  page.on('console', (message) => {
    if (/Content Security Policy|Content-Security-Policy/.test(message.text())) page.faults.push(message.text());
  });
  await page.addInitScript(() => {
    window.printed = 0;
    window.print = () => {
      window.printed += 1;
    };
  });
  return page;
}

/// No serious or critical violation, contrast included.
export async function accessible(page, what) {
  await settled(page);
  await page.evaluate(`if (!window.axe) { ${axe} }`);
  const found = await page.evaluate(async () => {
    // Without preloading: for a stylesheet that has only just come, axe would put its text into the page, which our policy forbids.
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'], preload: false });
    return violations
      .filter((one) => one.impact === 'serious' || one.impact === 'critical')
      .map((one) => `${one.id}: ${one.help}\n${one.nodes.map((node) => `    ${node.target.join(' ')}\n      ${node.any.concat(node.all, node.none).map((each) => each.message).join('; ')}`).join('\n')}`);
  });
  assert.deepEqual(found, [], `${what}: serious accessibility violations\n${found.join('\n')}`);
  assert.deepEqual(page.faults, [], `${what}: errors in the page`);
}

/// Everything that can be touched on a kiosk is at least 60 px each way, lies on the screen and shows all that is in it.
export async function touchable(page, what) {
  await settled(page);
  const small = await page.evaluate((least) => {
    const wrong = [];
    for (const one of document.querySelectorAll('button, a, input, summary, [role=button]')) {
      const box = one.getBoundingClientRect();
      if (box.width === 0 && box.height === 0) continue;
      const name = `${one.tagName} "${one.textContent.trim().slice(0, 30)}" ${Math.round(box.width)}×${Math.round(box.height)} at ${Math.round(box.left)},${Math.round(box.top)}`;
      if (box.width < least || box.height < least) wrong.push(`too small: ${name}`);
      if (one.scrollHeight > one.clientHeight + 2) wrong.push(`cut off: ${name}`);
      if (box.left < 0 || box.top < 0 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1) wrong.push(`off the screen: ${name}`);
    }
    return wrong;
  }, kioskTargetPxMin);
  assert.deepEqual(small, [], `${what}: targets`);
}

/// Transitions are over and the fonts are there.
export async function settled(page) {
  await page.evaluate(async () => {
    await document.fonts.ready;
    await Promise.all(document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity).map((one) => one.finished.catch(() => null)));
  });
}
