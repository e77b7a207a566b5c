/// Pictures of every screen in its real size, of a demo hall that lives: kiosk-ui/pictures/*.png
///
///     node tests/browser/pictures.mjs [path of the program] [names…]

import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { launch, screen, settled } from './browser.mjs';

if (process.argv[2]) process.env.WARMHALL_BIN = path.resolve(process.argv[2]);
const { Server } = await import('./server.mjs');
const only = process.argv.slice(3);
const folder = path.resolve(import.meta.dirname, '../../kiosk-ui/pictures');
const callsMin = 6;
const waitingMin = 6;
const livingMsMax = 300_000;

async function until(what, look) {
  const end = Date.now() + livingMsMax;
  for (;;) {
    if (await look()) return;
    if (Date.now() > end) throw new Error(`${what}: it did not come`);
    await new Promise((done) => setTimeout(done, 1000));
  }
}

async function demoHall(browser, picture) {
  const server = await Server.open('demo');
  try {
    const { accounts, devices } = await (await fetch(`${server.base}/api/v1/demo`)).json();
    const token = (kind) => devices.find((one) => one.kind === kind).token;
    const open = async (size, where, options) => {
      const page = await screen(browser, server.base, size, options);
      await page.goto(where);
      return page;
    };
    const signedIn = async (size, name, where, language) => {
      const page = await screen(browser, server.base, size);
      const account = accounts.find((one) => one.username === name);
      await page.goto(`/signin?lang=${language}`);
      await page.evaluate((to) => localStorage.setItem('warmhall.language', to), language);
      const { username, password } = account;
      const status = await page.evaluate(
        async (body) => (await fetch('/api/v1/session', { method: 'POST', headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() }, body })).status,
        JSON.stringify({ username, password }),
      );
      if (status !== 200) throw new Error(`${name} cannot sign in: ${status}`);
      await page.goto(where);
      return page;
    };

    // Every device is there, as the lead will see.
    for (const one of devices) {
      if (one.kind === 'counter_display' || one.kind === 'speaker' || one.name === 'b2') {
        await open('display', `${one.kind === 'counter_display' ? '/display' : one.kind === 'speaker' ? '/board?as=speaker' : '/board'}#token=${one.token}`);
      }
    }
    // The hall lives: numbers are called, people wait.
    const board = await open('board', `/board?lang=zh#token=${token('board')}`);
    await until('a living hall', async () => {
      const calls = await board.locator('.calls article').count();
      const waiting = await board.locator('aside .count').allTextContents();
      return calls >= callsMin && waiting.map(Number).reduce((sum, one) => sum + one, 0) >= waitingMin;
    });
    await board.locator('.calls article.hero').waitFor();
    await picture(board, 'board-zh');
    await board.setViewportSize({ width: 1080, height: 1920 });
    await picture(board, 'board-portrait');
    await board.setViewportSize({ width: 3840, height: 2160 });
    await picture(board, 'board-4k');
    const dark = await open('board', `/board?lang=zh&look=dark#token=${token('board')}`);
    await dark.locator('.calls article.hero').waitFor();
    await picture(dark, 'board-dark');

    const display = await open('display', `/display#token=${token('counter_display')}`);
    await display.locator('main').waitFor();
    await picture(display, 'display');

    for (const language of ['zh', 'en']) {
      const kiosk = await open('kiosk', `/kiosk?lang=${language}#token=${token('kiosk')}`);
      await kiosk.locator('.tiles button').first().waitFor();
      await picture(kiosk, `kiosk-${language}`);
      await kiosk.locator('.tiles button').nth(1).click();
      await kiosk.locator('.take').waitFor();
      await picture(kiosk, `kiosk-confirm-${language}`);
      const answered = kiosk.waitForResponse((one) => one.url().endsWith('/api/v1/tickets'));
      await kiosk.locator('.take button').click();
      const answer = await (await answered).json();
      await kiosk.locator('main .big.number').waitFor();
      await picture(kiosk, `kiosk-number-${language}`);
      const phone = await open('phone', `${new URL(answer.status_url, server.base).pathname}?lang=${language}`);
      await phone.locator('.big.number').waitFor();
      await picture(phone, `ticket-${language}`);

      const start = await open('page', `/?lang=${language}`);
      await start.locator('.demo').waitFor();
      await picture(start, `start-${language}`, true);
      const signin = await open('page', `/signin?lang=${language}`);
      await signin.locator('form').waitFor();
      await picture(signin, `signin-${language}`);
      const pair = await open('page', `/pair?kind=board&lang=${language}`);
      await pair.locator('.code span').nth(1).filter({ hasText: /^\d{4}$/ }).waitFor();
      await picture(pair, `pair-${language}`);

      const lead = await signedIn('lead', 'lead', '/lead', language);
      await lead.locator('.top').waitFor();
      await lead.locator('#orders-box').waitFor();
      await picture(lead, `lead-${language}`);
    }
    await hotline(signedIn, open, picture);

    const elder = await open('kiosk', `/kiosk?lang=zh#token=${token('kiosk')}`);
    await elder.getByRole('button', { name: '大字朗读' }).click();
    await picture(elder, 'kiosk-elder');

    const counter = await signedIn('counter', 'clerk1', '/counter', 'zh');
    const free = counter.locator('main li button.closed').first();
    await free.waitFor();
    await picture(counter, 'counter-choose');
    await free.click();
    await counter.locator('.keys').waitFor();
    await until('somebody for the clerk', async () => Number(await counter.locator('.big.idle').textContent().catch(() => '0')) > 0);
    await counter.keyboard.press('F2');
    await counter.locator('.now.calling').waitFor();
    await picture(counter, 'counter-calling-zh');
    await counter.keyboard.press('F4');
    await counter.locator('.now:not(.calling)').waitFor();
    await counter.locator('.received').first().click();
    await counter.locator('.toast').first().waitFor({ state: 'detached' }).catch(() => null);
    await picture(counter, 'counter-zh');
    await counter.keyboard.press('F9');
    await counter.locator('dialog[open] label').nth(1).click();
    await counter.locator('dialog[open] .chips button').first().click();
    await picture(counter, 'counter-refusal');
    await counter.keyboard.press('Escape');
    await counter.locator('header button[lang]').click();
    await picture(counter, 'counter-en');
  } finally {
    await server.close();
  }
}

/// The hotline and its orders, in the same living hall.
async function hotline(signedIn, open, picture) {
  for (const language of ['zh', 'en']) {
    const desk = await signedIn('hotline', 'operator', '/hotline', language);
    await desk.locator('nav button').first().waitFor();
    await picture(desk, `hotline-idle-${language}`);
    await desk.keyboard.press('F2');
    await desk.keyboard.type('13900001234', { delay: 20 });
    await desk.keyboard.press('Enter');
    await desk.keyboard.type('王小明');
    await desk.keyboard.press('Enter');
    await desk.keyboard.type('xfyj1-1', { delay: 20 });
    await desk.locator('[role=option]').first().waitFor();
    await picture(desk, `hotline-address-${language}`);
    await desk.keyboard.press('ArrowDown');
    await desk.keyboard.press('Enter');
    await desk.keyboard.type('R1', { delay: 20 });
    await desk.keyboard.press('Enter');
    await desk.keyboard.type(language === 'zh' ? '客厅和主卧不热，家里有老人' : 'The living room has been cold since last night', { delay: 5 });
    await desk.locator('.form .lamp.good').waitFor();
    await picture(desk, `hotline-${language}`);
    await desk.keyboard.press('F8');
    const result = desk.locator('.result');
    await result.waitFor();
    const no = /\d{8}-\d{4}/.exec(await result.textContent())[0];
    await desk.keyboard.press('F3');
    await desk.locator('.list').waitFor();
    await picture(desk, `hotline-callbacks-${language}`);

    const crew = await signedIn('small', 'handler1', '/team?team=repair-east', language);
    await crew.locator('.claim button').waitFor();
    await picture(crew, `team-${language}`, true);
    await crew.locator('.claim button').click();
    await crew.locator('article h1').waitFor();
    await crew.locator('.toast').first().waitFor({ state: 'detached' }).catch(() => null);
    await picture(crew, `team-order-${language}`, true);

    const lead = await signedIn('lead', 'lead', `/orders?no=${no}`, language);
    await lead.locator('article h2').waitFor();
    await picture(lead, `orders-${language}`);

    const customer = await open('phone', `/case/${no}?lang=${language}`);
    await customer.locator('#case-tail').fill('1234');
    await customer.keyboard.press('Enter');
    await customer.locator('.state').waitFor();
    await picture(customer, `case-${language}`);
  }
}

async function newHall(browser, picture) {
  const server = await Server.open('serve');
  try {
    for (const language of ['zh', 'en']) {
      const page = await screen(browser, server.base, 'page');
      await page.goto(`${server.setupPath}&lang=${language}`);
      await page.locator('form').waitFor();
      await page.locator('input').first().fill('zhang.wei');
      await page.locator('input[type=password]').first().fill('winter-pipe-67');
      await picture(page, `setup-${language}`, true);
    }
  } finally {
    await server.close();
  }
}

const browser = await launch();
mkdirSync(folder, { recursive: true });
try {
  const picture = async (page, name, whole = false) => {
    if (only.length > 0 && !only.includes(name)) return;
    await settled(page);
    const file = path.join(folder, `${name}.png`);
    rmSync(file, { force: true });
    await page.screenshot({ path: file, animations: 'disabled', fullPage: whole });
    console.log(path.relative(process.cwd(), file), page.viewportSize());
  };
  await newHall(browser, picture);
  await demoHall(browser, picture);
} finally {
  await browser.close();
}
