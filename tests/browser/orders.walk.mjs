/// The hotline from a ringing phone to a customer who was told the result: an operator with a keyboard, a worker in a cellar, a call-back,
/// and the customer who looks it up. Each language walks with a flat of its own.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { accessible, launch, screen, waitMsMax } from './browser.mjs';
import { Server } from './server.mjs';
import { words } from './words.mjs';

const password = 'winter-pipe-67';
const book = path.resolve(import.meta.dirname, '../../config/halls/addresses-sample.csv');
/// How fast the operator types, and how long the whole call may take.
const keyMs = 100;
const callSMax = 60;
const team = 'repair-east';
const ctiToken = 'walk-0123456789abcdef';
const extension = '801';
const community = '学府雅居东区';
const initials = 'xfyj';

/// Flats of one community, each as an operator types it.
const flats = readFileSync(book, 'utf8')
  .split('\n')
  .map((line) => line.split(','))
  .filter((cells) => cells[0] === community)
  .map(([, building, unit, room]) => {
    const part = (text) => /\d+/.exec(text)?.[0];
    return { typed: [initials + part(building), part(unit), room].filter((each) => each !== undefined).join('-'), room };
  });

let server;
let browser;
const tokens = {};

before(async () => {
  process.env.WARMHALL__TELEPHONY__ZAMMAD_TOKEN = ctiToken;
  server = await Server.open();
  browser = await launch();
  await server.addresses(book);
  await server.user('li', password, ['--name', '李丽', '--role', 'operator']);
  await server.user('wang', password, ['--name', '王芳', '--role', 'handler']);
  await server.user('zhao', password, ['--name', '赵刚', '--role', 'lead']);
  tokens.lead = await server.token('lead', 'walk');
});
after(async () => {
  await browser?.close();
  await server?.close();
});

let fallen = null;
function step(what, walk) {
  test(what, async (context) => {
    if (fallen) return context.skip(`after: ${fallen}`);
    fallen = what;
    await walk();
    fallen = null;
  });
}

const order = (no) => server.ask(tokens.lead, 'GET', `/work-orders/${no}`);
const orders = async () => (await server.ask(tokens.lead, 'GET', '/work-orders?limit=500')).items;
/// As lists show a number.
const masked = (number) => `${number.slice(0, 3)}****${number.slice(-4)}`;
/// What a telephone exchange says of a call.
async function exchange(said) {
  const response = await fetch(`${server.base}/api/v1/cti/${ctiToken}`, { method: 'POST', body: new URLSearchParams({ direction: 'in', to: '96777', ...said }) });
  assert.equal(response.status, 200, await response.text());
}
const told = (story, type) => story.filter((line) => line.type === `work_order.${type}`).length;
const button = (page, name) => page.getByRole('button', { name, exact: true });

async function until(what, look) {
  const end = Date.now() + waitMsMax;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: it did not come`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

for (const [turn, language] of ['zh', 'en'].entries()) {
  describe(`from a ringing phone to a told customer, ${language}`, () => {
    const w = words[language];
    const s = {};
    const phone = `1391234${turn + 1}234`;
    const flat = flats[turn * 5];
    const neighbour = flats[turn * 5 + 2];
    let no;

    before(() => {
      fallen = null;
    });
    after(async () => {
      for (const page of Object.values(s)) await page.context().close();
    });

    async function signIn(size, username, next) {
      const page = await screen(browser, server.base, size);
      await page.goto(`/signin?lang=${language}&next=${encodeURIComponent(next)}`);
      await page.getByLabel(w.username).waitFor();
      await page.evaluate((to) => localStorage.setItem('warmhall.language', to), language);
      await page.getByLabel(w.username).fill(username);
      await page.getByLabel(w.password, { exact: true }).fill(password);
      await button(page, w.signIn).click();
      await page.waitForURL(`**${next}`);
      return page;
    }
    const keys = (page, text) => page.keyboard.type(text, { delay: keyMs });
    /// From number to address, with the keyboard alone.
    async function beginCall(page, number, name, typed) {
      await page.keyboard.press('F2');
      await keys(page, number);
      await page.keyboard.press('Enter');
      await keys(page, name);
      await page.keyboard.press('Enter');
      await keys(page, typed);
      await page.locator('[role=option]').first().waitFor();
      await page.keyboard.press('Enter');
    }

    step('an operator logs a call and sends it to its team with the keyboard alone, in under a minute', async () => {
      s.desk = await signIn('hotline', 'li', '/hotline');
      await s.desk.locator('nav button').first().waitFor();
      await accessible(s.desk, 'hotline, idle');
      const began = Date.now();
      await beginCall(s.desk, phone, '王小明', flat.typed);
      await keys(s.desk, 'R1');
      await s.desk.keyboard.press('Enter');
      await keys(s.desk, language === 'zh' ? '客厅和主卧不热，家里有老人' : 'Living room cold since last night');
      await s.desk.keyboard.press('F8');
      const result = s.desk.locator('.result');
      await result.waitFor();
      const seconds = (Date.now() - began) / 1000;
      no = /\d{8}-\d{4}/.exec(await result.textContent())?.[0];
      console.log(`    new call to dispatched order, ${language}: ${seconds.toFixed(1)} s`);
      assert.ok(seconds < callSMax, `${seconds} s`);
      const made = await order(no);
      assert.equal(made.state, 'dispatched');
      assert.equal(made.team, team);
      assert.equal(made.room, flat.room);
      assert.equal(made.category, 'R1');
      assert.match(made.phone_masked, /\*/);
      await accessible(s.desk, 'hotline, ended');
    });

    step('the same flat calls again: its order is urged, and there is no second one', async () => {
      const had = (await orders()).length;
      await beginCall(s.desk, phone, '王小明', flat.typed);
      await keys(s.desk, 'R1');
      await s.desk.keyboard.press('Enter');
      await s.desk.getByText(w.sameFlat).waitFor();
      await accessible(s.desk, 'hotline, same flat');
      await s.desk.keyboard.press('F8');
      await s.desk.locator('.result').filter({ hasText: no }).waitFor();
      assert.equal((await orders()).length, had);
      assert.equal((await order(no)).urges, 1);
    });

    step('a reload in the middle of a call loses nothing', async () => {
      const said = language === 'zh' ? '暖气片接头滴水' : 'The joint drips';
      await s.desk.keyboard.press('F2');
      await keys(s.desk, `1390000${turn}777`);
      await s.desk.keyboard.press('Enter');
      await s.desk.locator('#call-description').fill(said);
      await s.desk.reload();
      await s.desk.locator('#call-description').waitFor();
      assert.equal(await s.desk.locator('#call-description').inputValue(), said);
      await s.desk.locator('.lamp').filter({ hasText: w.saved }).first().waitFor();
      const [open] = await until('the draft', async () => {
        const { items } = await server.ask(tokens.lead, 'GET', '/hotline/calls?limit=1');
        return items[0]?.description === said ? items : null;
      });
      assert.equal(open.ended_at, null);
      await s.desk.keyboard.press('Escape');
      await s.desk.locator('dialog[open]').waitFor();
      await accessible(s.desk, 'hotline, how it ends');
      await button(s.desk, /2$/).or(s.desk.locator('dialog[open] button[aria-keyshortcuts="2"]')).first().click();
      await s.desk.locator('dialog[open]').waitFor({ state: 'detached' });
      await s.desk.locator('.result').waitFor();
    });

    step('a known outage is read out, and one key attaches the caller', async () => {
      const { incident } = await server.ask(tokens.lead, 'POST', '/incidents', {
        title: `${community} ${language}`,
        communities: [community],
        category: 'E3',
        script: { zh: '您好，您所在的小区正在抢修。', en: 'Your area is being repaired.' },
      });
      await beginCall(s.desk, `1380000${turn}111`, '张三', neighbour.typed);
      await s.desk.getByText(w.outage).waitFor();
      await accessible(s.desk, 'hotline, outage');
      await s.desk.keyboard.press('F7');
      await s.desk.locator('.result').filter({ hasText: incident.title }).waitFor();
      const after = await server.ask(tokens.lead, 'GET', `/incidents/${incident.id}`);
      assert.equal(after.attached, 1);
      await server.ask(tokens.lead, 'POST', `/incidents/${incident.id}/resolve`, { cause: 'S', public_reply: '已经恢复。' });
    });

    step('the telephone rings, the form opens when it is picked up; a missed caller is rung back', async () => {
      const caller = `1370000${turn}222`;
      await s.desk.locator('.seat input').fill(extension);
      await s.desk.locator('.seat input').blur();
      await exchange({ event: 'newCall', callId: `walk-${language}-1`, from: caller });
      await s.desk.locator('.ring').filter({ hasText: masked(caller) }).waitFor();
      await accessible(s.desk, 'hotline, ringing');
      await exchange({ event: 'answer', callId: `walk-${language}-1`, from: caller, answeringNumber: extension });
      await until('the number of who rang', async () => (await s.desk.locator('#call-number').inputValue()) === caller);
      await exchange({ event: 'hangup', callId: `walk-${language}-1`, from: caller, cause: 'normalClearing' });
      await s.desk.keyboard.press('F9');
      await s.desk.locator('#call-number').waitFor({ state: 'detached' });
      const missed = `1360000${turn}333`;
      await exchange({ event: 'newCall', callId: `walk-${language}-2`, from: missed });
      await exchange({ event: 'hangup', callId: `walk-${language}-2`, from: missed, cause: 'cancel' });
      const row = s.desk.locator('.ring').filter({ hasText: masked(missed) });
      await row.locator('button').first().click();
      await until('the number of who was missed', async () => (await s.desk.locator('#call-number').inputValue()) === missed);
      await s.desk.keyboard.press('F9');
      await row.waitFor({ state: 'detached' });
      const [last] = (await server.ask(tokens.lead, 'GET', '/hotline/calls?limit=1')).items;
      assert.equal(last.direction, 'callback');
    });

    step('a worker claims it, and works in a cellar without a network; everything happens once', async () => {
      s.team = await signIn('small', 'wang', `/team?team=${team}`);
      await button(s.team, w.claim).waitFor();
      await accessible(s.team, 'team, list');
      // Others may wait before ours: each is taken and sent back.
      await until('our order', async () => {
        await button(s.team, w.claim).click();
        await s.team.locator('article h1').waitFor();
        const text = await s.team.locator('article').textContent();
        if (text.includes(no)) return true;
        const other = /\d{8}-\d{4}/.exec(text)[0];
        await server.ask(tokens.lead, 'POST', `/work-orders/${other}/withdraw`, { reason: 'walk' });
        await s.team.goto(`/team?team=${team}`);
        await button(s.team, w.claim).waitFor();
        return false;
      });
      await button(s.team, w.accept).click();
      await until('accepted', async () => (await order(no)).state === 'accepted');
      await accessible(s.team, 'team, order');
      // The answer to the next step is lost on its way.
      let lost = 0;
      await s.team.route(`**/work-orders/${no}/contact`, async (route) => {
        if (lost > 0) return route.continue();
        lost += 1;
        await route.fetch();
        await route.abort('connectionreset');
      });
      await s.team.locator('article > button', { hasText: w.contact }).click();
      await accessible(s.team, 'team, contact');
      await button(s.team, w.reached).click();
      await until('contacted', async () => (await order(no)).state === 'contacted');
      assert.equal(lost, 1);
      // Now there is no network at all.
      await s.team.context().setOffline(true);
      await s.team.locator('article > button', { hasText: w.arrive }).click();
      await s.team.locator('.pending').filter({ hasText: w.pending }).waitFor();
      await s.team.locator('.offline').filter({ hasText: w.offline }).waitFor();
      await s.team.locator('article > button', { hasText: w.worked }).click();
      const sheet = s.team.locator('dialog[open]');
      await sheet.locator('textarea').first().fill(language === 'zh' ? '排气两次，温度回升' : 'Bled the radiators twice');
      await sheet.locator('fieldset').first().locator('label').first().click();
      await sheet.locator('textarea').last().fill(language === 'zh' ? '已排气，室温正常。' : 'Bled; the rooms are warm.');
      await accessible(s.team, 'team, work done');
      await button(s.team, w.send).click();
      await s.team.getByText(w.mineNone).waitFor();
      await accessible(s.team, 'team, offline');
      assert.equal((await order(no)).state, 'contacted');
      await s.team.context().setOffline(false);
      const done = await until('resolved', async () => {
        const now = await order(no);
        return now.state === 'resolved' || now.state === 'replied' ? now : null;
      });
      await s.team.locator('.offline').waitFor({ state: 'detached' });
      for (const type of ['contacted', 'arrived', 'resolved']) assert.equal(told(done.story, type), 1, type);
      assert.equal(done.actions.length, 1);
      assert.deepEqual(s.team.faults, []);
    });

    step('the call-back closes it, made by somebody else', async () => {
      await s.desk.keyboard.press('F3');
      await s.desk.locator('.list button', { hasText: no }).click();
      await s.desk.locator('.form h2').filter({ hasText: no }).waitFor();
      await button(s.desk, w.showNumber).or(s.desk.locator('.phone button')).first().click();
      await s.desk.locator('.phone a').filter({ hasText: phone }).waitFor();
      await s.desk.locator('.form label').filter({ hasText: w.gotThrough }).first().click();
      await s.desk.locator('.form label').filter({ hasText: w.solved }).first().click();
      await s.desk.locator('.form label').filter({ hasText: w.grade }).first().click();
      await accessible(s.desk, 'hotline, call-back');
      await s.desk.keyboard.press('F8');
      const closed = await until('closed', async () => {
        const now = await order(no);
        return now.state === 'closed' ? now : null;
      });
      assert.equal(closed.callbacks.length, 1);
      assert.equal(closed.callbacks[0].grade, 5);
      assert.ok(!closed.handlers.includes(closed.callbacks[0].by));
    });

    step('the customer looks it up: the right digits tell, wrong ones do not', async () => {
      s.customer = await screen(browser, server.base, 'phone');
      await s.customer.goto(`/case/${no}?lang=${language}`);
      await s.customer.locator('#case-tail').waitFor();
      await accessible(s.customer, 'case, asked');
      await s.customer.locator('#case-tail').fill('0000');
      await button(s.customer, w.lookUp).click();
      await s.customer.getByText(w.notFound).waitFor();
      await s.customer.locator('#case-tail').fill(phone.slice(-4));
      await button(s.customer, w.lookUp).click();
      await s.customer.locator('.state').waitFor();
      const text = await s.customer.locator('main').textContent();
      assert.ok(text.includes(no));
      for (const secret of ['王小明', phone, 'wang', '王芳']) assert.ok(!text.includes(secret), secret);
      await accessible(s.customer, 'case, told');
    });

    step('the lead sees the whole story, the incidents and what the exchange sent, its numbers masked', async () => {
      s.lead = await signIn('lead', 'zhao', `/orders?no=${no}`);
      await s.lead.locator('article h2').waitFor();
      await accessible(s.lead, 'orders');
      await s.lead.locator('#tab-incidents').click();
      await s.lead.locator('#panel li').first().waitFor();
      await accessible(s.lead, 'orders, incidents');
      await s.lead.locator('#tab-exchange').click();
      await s.lead.locator('#panel td').filter({ hasText: 'newCall' }).first().waitFor();
      assert.ok(!(await s.lead.locator('#panel').textContent()).includes(`1370000${turn}222`));
      await accessible(s.lead, 'orders, exchange');
    });
  });
}
