/// One hall, walked through in each language: a number is taken, called, seen, transferred, missed, refused, and survives a killed server.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { accessible, launch, screen, touchable, waitMsMax } from './browser.mjs';
import { Server } from './server.mjs';
import { words } from './words.mjs';

const password = 'winter-pipe-67';
const admin = { username: 'head', password };
const repairs = '3';
const complaints = '6';

let server;
let browser;
const tokens = {};

before(async () => {
  server = await Server.open();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/// One step of a morning: the next ones stand on it, and are skipped where it fell.
let fallen = null;
function step(what, walk) {
  test(what, async (context) => {
    if (fallen) return context.skip(`after: ${fallen}`);
    fallen = what;
    await walk();
    fallen = null;
  });
}

/// The text of `selector` becomes `text` (or matches it).
async function reads(page, selector, text) {
  const until = page.locator(selector).filter({ hasText: text }).first();
  await until.waitFor({ timeout: waitMsMax });
  return until;
}
const button = (page, name) => page.getByRole('button', { name, exact: true });
/// A button that also shows its key.
const key = (page, hotkey) => page.locator(`.keys button[aria-keyshortcuts="${hotkey}"]`);
/// Presses a key of the counter once the counter listens: what was pressed before is then answered and shown.
async function press(page, hotkey) {
  await page.locator(`.keys button[aria-keyshortcuts="${hotkey}"]:enabled`).waitFor();
  await page.keyboard.press(hotkey);
}
const inHand = (page, number) => reads(page, '.now .big.number', number);
const queue = () => server.ask(tokens.lead, 'GET', '/queue');

async function count() {
  const { lines, counters, missed, parked } = await queue();
  return Object.values(lines).flat().length + counters.filter((one) => one.ticket).length + missed.length + parked.length;
}

/// An empty hall: whoever still waits or is served is gone, and every counter is closed.
async function clear() {
  const { counters, lines, missed, parked } = await queue();
  for (const one of [...Object.values(lines).flat(), ...missed, ...parked, ...counters.flatMap((each) => each.ticket ?? [])]) {
    if (one.state === 'serving') await server.ask(tokens.lead, 'POST', `/tickets/${one.id}/finish`, { outcome: 'info_only' });
    else await server.ask(tokens.lead, 'POST', `/tickets/${one.id}/cancel`, {});
  }
  for (const one of counters) if (one.state !== 'closed') await server.ask(tokens.lead, 'POST', `/counters/${one.no}/close`, { fence: one.fence });
}

describe('first use', () => {
  test('the one-time link makes the administrator, in either language, once', async () => {
    assert.ok(server.setupPath, server.said);
    const page = await screen(browser, server.base, 'page');
    for (const language of ['en', 'zh']) {
      await page.goto(`${server.setupPath}&lang=${language}`);
      await page.getByLabel(words[language].username).waitFor();
      await accessible(page, `setup ${language}`);
    }
    const w = words.zh;
    await page.getByLabel(w.username).fill(admin.username);
    await page.getByLabel(w.password, { exact: true }).fill(admin.password);
    await page.getByLabel(w.repeat).fill(admin.password);
    await button(page, w.createAdmin).click();
    await page.waitForURL('**/lead');
    const second = await screen(browser, server.base, 'page');
    await second.goto(server.setupPath);
    await second.locator('a[href="/signin"]').waitFor();
    assert.deepEqual([...page.faults, ...second.faults], []);
    await page.context().close();
    await second.context().close();
  });

  test('staff and devices are let in from the command line while the hall is open', async () => {
    await server.user('wang', password, ['--name', '王芳', '--badge', '1023', '--role', 'clerk']);
    await server.user('chen', password, ['--name', '陈静', '--badge', '1024', '--role', 'clerk']);
    await server.user('li', password, ['--name', '李丽', '--role', 'lead']);
    tokens.lead = await server.token('lead', 'walk');
    for (const language of ['zh', 'en']) {
      tokens[`kiosk ${language}`] = await server.token('kiosk', `k-${language}`);
      tokens[`display ${language}`] = await server.token('counter_display', `d-${language}`, ['--counter', repairs]);
      for (const no of [1, 2]) tokens[`board ${language} ${no}`] = await server.token('board', `b${no}-${language}`);
    }
    assert.equal(await count(), 0);
  });
});

for (const language of ['zh', 'en']) {
  describe(`a morning, ${language}`, () => {
    const w = words[language];
    const s = {};
    let number;
    let phonePath;

    before(async () => {
      fallen = null;
      await clear();
      s.kiosk = await screen(browser, server.base, 'kiosk');
      await s.kiosk.goto(`/kiosk?lang=${language}#token=${tokens[`kiosk ${language}`]}`);
      for (const no of [1, 2]) {
        const board = await screen(browser, server.base, 'board');
        s[`board${no}`] = board;
        await board.goto(`/board?lang=${language}${no === 1 ? '&sound=1' : ''}#token=${tokens[`board ${language} ${no}`]}`);
      }
      s.display = await screen(browser, server.base, 'display');
      await s.display.goto(`/display?counter=${repairs}#token=${tokens[`display ${language}`]}`);
      s.phone = await screen(browser, server.base, 'phone');
    });
    after(async () => {
      for (const page of Object.values(s)) await page.context().close();
    });

    const tileOf = (service) => s.kiosk.locator('.tiles button').filter({ has: s.kiosk.locator('.name', { hasText: new RegExp(`^${service}$`) }) });
    /// Taps the service and the button: two touches.
    async function take(service, taps = 'click') {
      await tileOf(service).click();
      await s.kiosk.locator('.take button')[taps]();
      const big = s.kiosk.locator('main .big.number');
      await big.waitFor();
      return (await big.textContent()).trim();
    }
    async function signIn(page, username, next) {
      await page.goto(`/signin?lang=${language}&next=${encodeURIComponent(next)}`);
      await page.getByLabel(w.username).waitFor();
      await page.evaluate((to) => localStorage.setItem('warmhall.language', to), language);
      await page.getByLabel(w.username).fill(username);
      await page.getByLabel(w.password, { exact: true }).fill(password);
      await button(page, w.signIn).click();
    }
    async function openCounter(page, username, no) {
      await signIn(page, username, '/counter');
      await page.locator('main li button').filter({ has: page.locator('.no', { hasText: new RegExp(`^${no}$`) }) }).click();
      await page.waitForURL(`**/counter?counter=${no}`);
      await page.locator('.keys').waitFor();
    }
    const boards = () => [s.board1, s.board2];
    const onBoards = async (called, counter) => {
      for (const board of boards()) {
        await reads(board, '.calls article.hero > .number', called);
        await reads(board, '.calls article.hero .where .number', counter);
      }
    };

    step('the kiosk gives a number in two touches', async () => {
      await s.kiosk.locator('.tiles button').first().waitFor();
      await accessible(s.kiosk, 'kiosk home');
      await touchable(s.kiosk, 'kiosk home');
      const had = await count();
      const answered = s.kiosk.waitForResponse((one) => one.url().endsWith('/api/v1/tickets'));
      await tileOf(w.repair).click();
      await accessible(s.kiosk, 'kiosk confirm');
      await touchable(s.kiosk, 'kiosk confirm');
      await s.kiosk.locator('.take button').click();
      const answer = await (await answered).json();
      phonePath = new URL(answer.status_url, server.base).pathname;
      number = answer.ticket.number;
      await reads(s.kiosk, 'main .big.number', number);
      await s.kiosk.waitForFunction(() => window.printed === 1);
      assert.match(await s.kiosk.locator('.slip').textContent(), new RegExp(number));
      await accessible(s.kiosk, 'kiosk number');
      await touchable(s.kiosk, 'kiosk number');
      assert.equal(await count(), had + 1);
      await button(s.kiosk, w.done).click();
      await s.kiosk.locator('.tiles').waitFor();
    });

    step('large text and low reach keep everything on the screen', async () => {
      await button(s.kiosk, w.elder).click();
      await button(s.kiosk, w.low).click();
      await accessible(s.kiosk, 'kiosk home, large');
      await touchable(s.kiosk, 'kiosk home, large');
      await tileOf(w.repair).click();
      await accessible(s.kiosk, 'kiosk confirm, large');
      await touchable(s.kiosk, 'kiosk confirm, large');
      await button(s.kiosk, w.back).click();
      await button(s.kiosk, w.elder).click();
      await button(s.kiosk, w.low).click();
    });

    step('a double tap takes one number', async () => {
      const had = await count();
      await take(w.repair, 'dblclick');
      assert.equal(await count(), had + 1);
      await button(s.kiosk, w.done).click();
      await s.kiosk.locator('.tiles').waitFor();
    });

    step('a lost answer and a reload in the middle take one number', async () => {
      const had = await count();
      let issued;
      await s.kiosk.route('**/api/v1/tickets', async (route) => {
        const answer = await route.fetch();
        issued ??= (await answer.json()).ticket.number;
        await route.abort('connectionreset');
      });
      const lost = s.kiosk.waitForEvent('requestfailed');
      await tileOf(w.repair).click();
      await s.kiosk.locator('.take button').click();
      await lost;
      await s.kiosk.unroute('**/api/v1/tickets');
      await s.kiosk.reload();
      await reads(s.kiosk, 'main .big.number', issued);
      assert.equal(await count(), had + 1);
      await button(s.kiosk, w.done).click();
      await s.kiosk.locator('.tiles').waitFor();
    });

    step('a clerk signs in, opens the counter and calls; two boards, the display and the phone show it, and a board says it', async () => {
      await s.phone.goto(`${phonePath}?lang=${language}`);
      await reads(s.phone, '.big.number', number);
      await accessible(s.phone, 'phone, waiting');
      s.signin = await screen(browser, server.base, 'page');
      await s.signin.goto(`/signin?lang=${language}`);
      await accessible(s.signin, 'sign-in');
      s.counter = await screen(browser, server.base, 'counter');
      await openCounter(s.counter, 'wang', repairs);
      await accessible(s.counter, 'counter, idle');
      await s.board1.locator('.sound').waitFor();
      await accessible(s.board1, 'board, nothing called');
      await s.board1.mouse.click(400, 400);
      await s.board1.locator('.sound').waitFor({ state: 'detached' });
      const heard = s.board1.waitForResponse((one) => /\/announcements\/\d+\.wav/.test(one.url()) && one.status() === 200);
      const waiting = (await queue()).lines.repair.length;
      // A double press: the second comes before the first is answered.
      await s.counter.evaluate(() => {
        for (let press = 0; press < 2; press += 1) dispatchEvent(new KeyboardEvent('keydown', { key: 'F2', bubbles: true, cancelable: true }));
      });
      await inHand(s.counter, number);
      await onBoards(number, repairs);
      assert.equal((await queue()).lines.repair.length, waiting - 1);
      await reads(s.display, 'main.called .big', number);
      await reads(s.phone, 'h1', w.yourTurn);
      await reads(s.phone, '.counter.number', repairs);
      assert.equal((await (await heard).body()).subarray(0, 4).toString(), 'RIFF');
      await accessible(s.counter, 'counter, calling');
      await accessible(s.board1, 'board, called');
      await accessible(s.display, 'display, called');
      await accessible(s.phone, 'phone, called');
    });

    step('the clerk starts; the display and the phone say so', async () => {
      await key(s.counter, 'F4').click();
      await s.counter.locator('.now:not(.calling)').waitFor();
      await reads(s.display, 'main.serving .big', number);
      await accessible(s.counter, 'counter, serving');
      await accessible(s.display, 'display, serving');
      await reads(s.phone, 'h1', w.serving);
    });

    step('a transferred number keeps its name and is called elsewhere', async () => {
      await press(s.counter, 'F8');
      await s.counter.locator('dialog[open] label').filter({ hasText: w.complaint }).click();
      await accessible(s.counter, 'counter, transfer');
      await s.counter.locator('dialog[open] button[aria-keyshortcuts="F8"]').click();
      await reads(s.counter, '.now .state', w.idle);
      s.other = await screen(browser, server.base, 'counter');
      await openCounter(s.other, 'chen', complaints);
      await press(s.other, 'F2');
      await inHand(s.other, number);
      await onBoards(number, complaints);
      await reads(s.phone, '.counter.number', complaints);
    });

    step('a missed number comes back', async () => {
      await key(s.other, 'F6').click();
      for (const board of boards()) await reads(board, 'aside .numbers', number);
      await reads(s.phone, 'h1', w.phoneMissed);
      await accessible(s.board2, 'board, missed');
      await accessible(s.phone, 'phone, missed');
      await s.other.getByRole('button', { name: `${w.reinstate} ${number}` }).click();
      for (const board of boards()) await board.locator('aside .numbers', { hasText: number }).waitFor({ state: 'detached' });
      await reads(s.other, '.now .state', w.idle);
      await press(s.other, 'F2');
      await inHand(s.other, number);
      await onBoards(number, complaints);
    });

    step('a refusal needs reason and remedy, and gives the one-time notice', async () => {
      await key(s.other, 'F4').click();
      await s.other.locator('.now:not(.calling)').waitFor();
      await press(s.other, 'F9');
      const dialog = s.other.locator('dialog[open]');
      await dialog.locator('label').filter({ hasText: w.refused }).click();
      await dialog.locator('button[aria-keyshortcuts="F9"]').click();
      await dialog.getByText(w.reasonNeeded).waitFor();
      await accessible(s.other, 'counter, refusal');
      await dialog.locator('.chips button').first().click();
      const reason = await dialog.locator('textarea').first().inputValue();
      const remedy = await dialog.locator('textarea').nth(1).inputValue();
      assert.ok(reason && remedy);
      const printed = await s.other.evaluate(() => window.printed);
      await dialog.locator('button[aria-keyshortcuts="F9"]').click();
      await s.other.waitForFunction((had) => window.printed === had + 1, printed);
      const sheet = await s.other.locator('.sheet').textContent();
      for (const said of [number, reason, remedy]) assert.ok(sheet.includes(said), `${said} is not on the notice: ${sheet}`);
      await reads(s.other, '.now .state', w.idle);
      await reads(s.phone, 'h1', w.phoneClosed);
    });

    step('the customer rates the service', async () => {
      await s.phone.locator('label').filter({ hasText: w.grade }).first().click();
      await accessible(s.phone, 'phone, rating');
      await button(s.phone, w.rate).click();
      await s.phone.getByText(w.rated).waitFor();
    });

    step('the server is killed in the middle: every screen says so, heals, and shows the call it had not seen', async () => {
      s.lead = await screen(browser, server.base, 'lead');
      await signIn(s.lead, 'li', '/lead');
      await s.lead.locator('.top').waitFor();
      await server.kill();
      for (const board of boards()) await board.locator('.lamp.bad').waitFor();
      await s.display.locator('footer .bad').waitFor();
      await reads(s.kiosk, 'h1', w.kioskAway);
      await accessible(s.board1, 'board, stale');
      await accessible(s.display, 'display, stale');
      await accessible(s.kiosk, 'kiosk, away');
      await accessible(s.counter, 'counter, away');
      await server.start();
      const { counters, lines } = await queue();
      const fence = counters.find((one) => one.no === repairs).fence;
      assert.ok(lines.repair.length > 0);
      const called = await server.ask(tokens.lead, 'POST', `/counters/${repairs}/next`, { expect: null, fence });
      await onBoards(called.ticket.number, repairs);
      for (const board of boards()) {
        await board.locator('.lamp.good').waitFor();
        const shown = await board.locator('.calls article > .number').allTextContents();
        assert.equal(shown.filter((each) => each === called.ticket.number).length, 1, `shown twice: ${shown}`);
      }
      await reads(s.display, 'main.called .big', called.ticket.number);
      await inHand(s.counter, called.ticket.number);
      await s.kiosk.locator('.tiles').waitFor();
      await s.lead.getByText(called.ticket.number).first().waitFor();
      const had = await count();
      await take(w.repair);
      assert.equal(await count(), had + 1);
      await button(s.kiosk, w.done).click();
      await key(s.counter, 'F9').click();
      await s.counter.locator('dialog[open] label').nth(3).click();
      await s.counter.locator('dialog[open] button[aria-keyshortcuts="F9"]').click();
      await reads(s.counter, '.now .state', w.idle);
    });

    step('the lead issues a number, stops a service and posts a notice', async () => {
      await accessible(s.lead, 'lead');
      await button(s.lead, w.issue).click();
      const dialog = s.lead.locator('dialog[open]');
      await dialog.locator('label').filter({ hasText: w.complaint }).click();
      await accessible(s.lead, 'lead, issue');
      await dialog.getByRole('button', { name: w.go, exact: true }).click();
      await dialog.locator('.big.number').waitFor();
      await s.lead.keyboard.press('Escape');

      await s.lead.getByRole('button', { name: `${w.closeIt} ${w.complaint}` }).click();
      await accessible(s.lead, 'lead, stop a service');
      await dialog.getByRole('button', { name: w.closeIt, exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
      const tile = tileOf(w.complaint);
      await tile.filter({ hasText: w.kioskStopped }).waitFor();
      await tile.click();
      await s.kiosk.locator('dialog[open]').waitFor();
      await accessible(s.kiosk, 'kiosk, stopped service');
      await touchable(s.kiosk, 'kiosk, stopped service');
      await s.kiosk.locator('dialog[open] button').click();
      await s.lead.getByRole('button', { name: `${w.openIt} ${w.complaint}` }).click();
      await tile.filter({ hasNotText: w.kioskStopped }).waitFor();

      await button(s.lead, w.notice).click();
      const text = `${language} 3 楼停电 10 分钟`;
      await dialog.locator('textarea').first().fill(text);
      await dialog.locator('textarea').nth(1).fill(`${language}: no power on floor 3`);
      await accessible(s.lead, 'lead, notice');
      await dialog.getByRole('button', { name: w.post, exact: true }).click();
      for (const board of boards()) await reads(board, 'footer', text);
      await accessible(s.board1, 'board, notice');
    });

    step('a new board is paired with its code', async () => {
      s.fresh = await screen(browser, server.base, 'board');
      await s.fresh.goto(`/board?lang=${language}`);
      await s.fresh.waitForURL('**/pair?**');
      await s.fresh.locator('.code span').nth(1).filter({ hasText: /^\d{4}$/ }).waitFor();
      await accessible(s.fresh, 'pair');
      const code = (await s.fresh.locator('.code').textContent()).replace(/\D/g, '');
      assert.match(code, /^\d{8}$/);
      await button(s.lead, w.pair).click();
      const dialog = s.lead.locator('dialog[open]');
      await dialog.locator('fieldset button').filter({ hasText: code }).click();
      await accessible(s.lead, 'lead, pair');
      await dialog.getByRole('button', { name: w.approve, exact: true }).click();
      await s.fresh.waitForURL('**/board**');
      await s.fresh.locator('.calls article.hero').waitFor();
    });

    step('the start page leads to all of them', async () => {
      s.start = await screen(browser, server.base, 'page');
      await s.start.goto(`/?lang=${language}`);
      for (const path of ['/counter', '/lead', '/kiosk', '/board', '/display', '/pair']) await s.start.locator(`a[href="${path}"]`).waitFor();
      await accessible(s.start, 'start');
    });

    step('the clerks go home', async () => {
      await clear();
      for (const page of [s.counter, s.other]) {
        await page.locator('.keys').waitFor({ state: 'detached' });
        await accessible(page, 'counter, closed');
      }
      for (const [name, page] of Object.entries(s)) assert.deepEqual(page.faults, [], name);
    });
  });
}
