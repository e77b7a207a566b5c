/// The hotline's desks: an area's incident from its suspicion to the last told caller, an order that nobody wants, and a complaint whose
/// caller asked to be kept from those complained of. Each language walks with an area of its own.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { accessible } from './browser.mjs';
import { beginCall, button, claim, flatsOf, Hotline, keys, ladder, team, until } from './hotline.mjs';
import { words } from './words.mjs';

/// More calls than any chance explains.
const callsMax = 40;
const areas = { zh: flatsOf('望江公寓', 'wjgy'), en: flatsOf('金色广场', 'jsgc') };
const homes = flatsOf('学府雅居东区', 'xfyj');

let hall;
before(async () => {
  hall = await Hotline.open();
});
after(() => hall?.close());

const { begin, step } = ladder(test);

for (const [turn, language] of ['zh', 'en'].entries()) {
  describe(`the hotline's desks, ${language}`, () => {
    const w = words[language];
    const s = {};
    const area = areas[language];
    const { community } = area[0];
    let incident;
    let no;
    let sealed;

    before(() => begin());
    after(async () => {
      for (const page of Object.values(s)) await page.context().close();
    });

    step('one community calls and calls: a master order is suggested, and two keys open it with the caller on the line', async () => {
      s.desk = await hall.signIn('hotline', 'li', '/hotline', language);
      await s.desk.locator('nav button').first().waitFor();
      const found = await until('a suspicion', async () => {
        for (let i = 0; i < callsMax; i += 1) {
          const { call } = await hall.server.ask(hall.tokens.operator, 'POST', '/hotline/calls', { caller_number: `1350${turn}00${String(1000 + i)}` });
          const { suggestion } = await hall.server.ask(hall.tokens.operator, 'PATCH', `/hotline/calls/${call.id}`, { address: { community, share_ppm: 20_000 }, category: 'R1' });
          await hall.server.ask(hall.tokens.operator, 'POST', `/hotline/calls/${call.id}/end`, { disposition: 'answered_directly' });
          if (suggestion) return suggestion;
        }
        return null;
      });
      assert.equal(found.community, community);
      await s.desk.locator('.suspicion').filter({ hasText: community }).waitFor();
      await beginCall(s.desk, `1381111${turn}001`, '孙一', area[0].typed);
      await keys(s.desk, 'R1');
      await s.desk.keyboard.press('Enter');
      await s.desk.locator('.suspicion').filter({ hasText: community }).waitFor();
      await accessible(s.desk, 'hotline, suspicion');
      await s.desk.keyboard.press('F7');
      await s.desk.locator('dialog[open] form').waitFor();
      await accessible(s.desk, 'hotline, opening an incident');
      await s.desk.keyboard.press('Enter');
      await s.desk.locator('.result').filter({ hasText: community }).waitFor();
      const open = (await hall.ask('GET', '/incidents')).items.filter((one) => one.state === 'open');
      assert.equal(open.length, 1);
      incident = open[0];
      assert.deepEqual(incident.communities, [community]);
      assert.equal(incident.attached, 1);
    });

    step('the next caller is read the words, and attached with one key', async () => {
      await beginCall(s.desk, `1381111${turn}002`, '周二', area[1].typed);
      await s.desk.locator('.outage').filter({ hasText: w.outage }).waitFor();
      await s.desk.keyboard.press('F7');
      await s.desk.locator('.result').filter({ hasText: incident.title }).waitFor();
      const told = await hall.ask('GET', `/incidents/${incident.id}`);
      assert.equal(told.attached, 2);
      assert.equal(new Set(told.attached_list.map((one) => one.order.no)).size, 2);
      for (const one of told.attached_list) assert.equal(one.order.merged_into, incident.master);
    });

    step('the lead ends it, and each caller waits to be told', async () => {
      s.lead = await hall.signIn('lead', 'zhao', '/orders?tab=incidents', language);
      const card = s.lead.locator('#panel li').filter({ hasText: incident.title });
      await button(card, w.incidentOver).click();
      const dialog = s.lead.locator('dialog[open]');
      await dialog.locator('fieldset label').first().click();
      await dialog.locator('textarea').fill(language === 'zh' ? '阀门已修好，室温正在回升。' : 'The valve is repaired; it is getting warm.');
      await accessible(s.lead, 'orders, ending an incident');
      await button(dialog, w.incidentOver).click();
      await dialog.waitFor({ state: 'detached' });
      const ended = await hall.ask('GET', `/incidents/${incident.id}`);
      assert.equal(ended.state, 'resolved');
      for (const one of ended.attached_list) assert.equal(one.order.state, 'resolved');
      await button(card, w.callers).click();
      await card.locator('.not_yet').nth(1).waitFor();
      await accessible(s.lead, 'orders, who was told');
    });

    step('each caller is rung and told alone, with the keyboard', async () => {
      const { attached_list: callers } = await hall.ask('GET', `/incidents/${incident.id}`);
      await s.desk.keyboard.press('F3');
      await s.desk.locator('.list button').nth(callers.length - 1).waitFor();
      for (const { order } of callers) {
        // Down to the order, Enter; then space picks, Tab goes on, F8 sends.
        const rows = await s.desk.locator('.list button').allTextContents();
        const at = rows.findIndex((text) => text.includes(order.no));
        assert.ok(at >= 0, order.no);
        await s.desk.locator('.list button').nth(at).focus();
        await s.desk.keyboard.press('Enter');
        await s.desk.locator('.form h2').filter({ hasText: order.no }).waitFor();
        await s.desk.locator('.form input[type=radio]').first().and(s.desk.locator(':focus')).waitFor();
        await s.desk.keyboard.press('Space');
        await s.desk.keyboard.press('Tab');
        await s.desk.locator('.form textarea:focus').first().waitFor();
        await s.desk.keyboard.press('Tab');
        await s.desk.keyboard.press('Space');
        await s.desk.keyboard.press('F8');
        await until(`${order.no} told`, async () => (await hall.order(order.no)).state === 'closed');
        await s.desk.locator('.list button').filter({ hasText: order.no }).waitFor({ state: 'detached' });
      }
      for (const { order } of callers) {
        const closed = await hall.order(order.no);
        assert.equal(closed.callbacks.length, 1);
        assert.match(closed.callbacks[0].by, /:li$/);
        assert.ok(closed.reply.text.length > 0);
      }
      await s.lead.locator('#panel li .told').nth(callers.length - 1).waitFor();
      assert.equal((await hall.ask('GET', `/incidents/${incident.id}`)).untold, 0);
      await s.desk.keyboard.press('Escape');
    });

    step('a team sends an order back with a reason; the desk sends it on with the keyboard', async () => {
      const { building, unit, room } = homes[20 + turn];
      const made = await hall.makeOrder({ category: 'R4', description: '暖气里有响声', address: { community: homes[0].community, building, unit, room, team }, customer: { name: '吴先生', phone: `1391112${turn}555` } });
      no = made.no;
      assert.equal(made.state, 'dispatched');
      s.team = await hall.signIn('small', 'wang', `/team?team=${team}`, language);
      await button(s.team, w.claim).waitFor();
      await claim(hall, s.team, no, language);
      await button(s.team, w.sendBack).click();
      const sheet = s.team.locator('dialog[open]');
      await sheet.locator('fieldset label').first().click();
      await accessible(s.team, 'team, sending back');
      await button(sheet, w.send).click();
      const back = await until('back at the desk', async () => {
        const now = await hall.order(no);
        return now.state === 'review' ? now : null;
      });
      assert.equal(back.returns.length, 1);
      assert.equal(back.team, null);
      await s.desk.keyboard.press('F4');
      await s.desk.locator('.returned').first().waitFor();
      await accessible(s.desk, 'hotline, dispatch');
      // The second of the teams.
      await s.desk.keyboard.press('2');
      await s.desk.keyboard.press('F8');
      await until('sent on', async () => (await hall.order(no)).state === 'dispatched');
      assert.equal((await hall.order(no)).team, team);
      await s.desk.locator('.desk').getByText(no).first().waitFor({ state: 'detached' });
    });

    step('sent back a second time it is the lead’s: the operator cannot send it, the lead can', async () => {
      await s.team.goto(`/team?team=${team}`);
      await button(s.team, w.claim).waitFor();
      await claim(hall, s.team, no, language);
      await button(s.team, w.accept).click();
      await until('accepted', async () => (await hall.order(no)).state === 'accepted');
      await button(s.team, w.sendBack).click();
      const sheet = s.team.locator('dialog[open]');
      await sheet.getByText(w.sentBackTwice).waitFor();
      await sheet.locator('input').last().fill(language === 'zh' ? '地址不存在' : 'There is no such flat');
      await button(sheet, w.send).click();
      await until('back again', async () => (await hall.order(no)).returns.length === 2);
      await s.desk.getByText(w.leadOnly).waitFor();
      await s.desk.keyboard.press('2');
      await s.desk.keyboard.press('F8');
      await s.lead.goto('/hotline');
      await s.lead.locator('nav button').first().waitFor();
      await s.lead.keyboard.press('F4');
      await s.lead.locator('.returned').nth(1).waitFor();
      assert.equal((await hall.order(no)).state, 'review');
      await s.lead.keyboard.press('3');
      await s.lead.keyboard.press('F8');
      await until('sent by the lead', async () => (await hall.order(no)).state === 'dispatched');
      assert.equal((await hall.order(no)).team, 'repair-west');
      await s.desk.keyboard.press('Escape');
    });

    step('a complaint is sealed: whoever handles it learns neither name nor number nor flat', async () => {
      const name = '郑秘密';
      const number = `1377654${turn}321`;
      const home = homes[30 + turn];
      await beginCall(s.desk, number, name, home.typed);
      // The kind of complaint that is sealed from the start.
      await keys(s.desk, 'fuwutaidu');
      await s.desk.keyboard.press('Enter');
      await keys(s.desk, language === 'zh' ? '上门的师傅态度很差' : 'The man who came was very rude');
      await until('sealed', () => s.desk.getByLabel(w.seal).isChecked());
      await s.desk.keyboard.press('F8');
      const result = s.desk.locator('.result').filter({ hasText: /\d{8}-\d{4}/ });
      await result.waitFor();
      sealed = /\d{8}-\d{4}/.exec(await result.textContent())[0];
      let made = await hall.order(sealed);
      assert.equal(made.sealed, true);
      assert.equal(made.category, 'C1');
      const at = made.team ?? 'complaints';
      if (made.state === 'review') await hall.ask('POST', `/work-orders/${sealed}/dispatch`, { team: at });
      made = await hall.order(sealed);
      await s.team.goto(`/team?team=${at}`);
      await button(s.team, w.claim).waitFor();
      const secrets = [name, number, number.slice(-4), `${home.unit} ${home.room}`];
      const free = async (what) => {
        const text = await s.team.locator('body').textContent();
        for (const secret of secrets) assert.ok(!text.includes(secret), `${what}: ${secret}`);
        const kept = await s.team.evaluate(() => JSON.stringify(Object.entries(localStorage)));
        for (const secret of secrets) assert.ok(!kept.includes(secret), `${what}, kept in the browser: ${secret}`);
      };
      await free('in the queue');
      await claim(hall, s.team, sealed, language, at);
      await s.team.getByText(w.sealedNote).waitFor();
      assert.equal(await button(s.team, w.showNumber).count(), 0);
      await free('in hand');
      await accessible(s.team, 'team, sealed');
      // Nor by asking the server with the worker's own session.
      const answers = await s.team.evaluate(async (which) => {
        const get = async (where) => (await fetch(`/api/v1${where}`)).text();
        const shown = await fetch(`/api/v1/work-orders/${which}/reveal`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() }, body: JSON.stringify({ reason: 'walk' }) });
        return { texts: [await get(`/work-orders/${which}`), await get('/work-orders?limit=500'), await shown.text()], status: shown.status };
      }, sealed);
      assert.equal(answers.status, 403);
      for (const text of answers.texts) for (const secret of [name, number, number.slice(-4)]) assert.ok(!text.includes(secret), secret);
    });

    step('it is worked all the same, and the call-back desk knows whom to ring', async () => {
      await button(s.team, w.accept).click();
      await until('accepted', async () => (await hall.order(sealed)).state === 'accepted');
      await s.team.locator('article > button', { hasText: w.contact }).click();
      await s.team.getByText(w.sealedContact).waitFor();
      await button(s.team, w.reached).click();
      await until('contacted', async () => (await hall.order(sealed)).state === 'contacted');
      await s.team.locator('article .more button', { hasText: w.worked }).click();
      const sheet = s.team.locator('dialog[open]');
      await sheet.locator('textarea').first().fill(language === 'zh' ? '已与当事人谈话，批评教育' : 'Spoke with the man concerned');
      await sheet.locator('fieldset').first().locator('label').first().click();
      await sheet.locator('textarea').last().fill(language === 'zh' ? '我们向您道歉，已教育当事人。' : 'We apologise; he was spoken to.');
      await button(sheet, w.send).click();
      await until('worked', async () => ['resolved', 'replied'].includes((await hall.order(sealed)).state));
      await s.lead.keyboard.press('F3');
      await s.lead.locator('.list button', { hasText: sealed }).click();
      await s.lead.locator('.form h2').filter({ hasText: sealed }).waitFor();
      await s.lead.locator('.phone button').click();
      await s.lead.locator('.phone a').filter({ hasText: `1377654${turn}321` }).waitFor();
      await s.lead.locator('.form label').filter({ hasText: w.gotThrough }).first().click();
      await s.lead.locator('.form label').filter({ hasText: w.solved }).first().click();
      await s.lead.keyboard.press('F8');
      const closed = await until('closed', async () => {
        const now = await hall.order(sealed);
        return now.state === 'closed' ? now : null;
      });
      // Who saw the number is on the record; the customer's own lookup still works.
      assert.ok(closed.story.some((line) => line.type === 'work_order.revealed'));
      for (const page of Object.values(s)) assert.deepEqual(page.faults, []);
    });
  });
}
