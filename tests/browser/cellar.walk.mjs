/// A worker's phone in a cellar: a temperature slip that nobody signs, steps without a network, a reload without one, and signing out.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { accessible } from './browser.mjs';
import { button, claim, flatsOf, Hotline, ladder, team, until } from './hotline.mjs';
import { words } from './words.mjs';

const homes = flatsOf('学府雅居东区', 'xfyj');

let hall;
before(async () => {
  hall = await Hotline.open();
});
after(() => hall?.close());

const { begin, step } = ladder(test);
const told = (story, type) => story.filter((line) => line.type === `work_order.${type}`).length;

for (const [turn, language] of ['zh', 'en'].entries()) {
  describe(`a phone in a cellar, ${language}`, () => {
    const w = words[language];
    const home = homes[turn * 3];
    let page;
    let no;

    before(() => begin());
    after(() => page?.context().close());

    const stepButton = (name) => page.locator('article > button', { hasText: name });
    const queued = () => page.evaluate(() => JSON.parse(localStorage.getItem('warmhall.outbox.wang') ?? '{"entries":[]}').entries.map((each) => each.step));

    step('the page is kept on the phone, and only the page: nothing that the server answered', async () => {
      page = await hall.signIn('phone', 'wang', `/team?team=${team}`, language);
      await button(page, w.claim).waitFor();
      await page.evaluate(() => navigator.serviceWorker.ready);
      const kept = await until('the kept page', () =>
        page.evaluate(async () => {
          const names = await caches.keys();
          const all = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map((each) => new URL(each.url).pathname)));
          return all.flat().length > 0 ? all.flat() : null;
        }),
      );
      assert.ok(kept.includes('/team'));
      for (const path of kept) assert.ok(path === '/team' || path.startsWith('/assets/'), path);
      const { scope } = await page.evaluate(async () => ({ scope: (await navigator.serviceWorker.ready).scope }));
      assert.equal(new URL(scope).pathname, '/team');
    });

    step('without a network accept, contact and arrive are put down; a reload shows the queue and the order again', async () => {
      const { building, unit, room } = home;
      const made = await hall.makeOrder({ category: 'R1', description: '客厅不热', address: { community: home.community, building, unit, room, team }, customer: { name: '冯女士', phone: `1395553${turn}444` } });
      no = made.no;
      // Somebody else's, which waits meanwhile.
      const other = homes[40 + turn];
      const waits = await hall.makeOrder({ category: 'R4', address: { community: other.community, building: other.building, unit: other.unit, room: other.room, team }, customer: { phone: `1395553${turn}445` } });
      await claim(hall, page, no, language);
      await page.getByText('客厅不热').waitFor();
      await page.context().setOffline(true);
      await stepButton(w.accept).click();
      await stepButton(w.contact).click();
      await button(page, w.reached).click();
      await page.locator('.pending').first().waitFor();
      await page.locator('.offline').filter({ hasText: w.offline }).waitFor();
      assert.deepEqual(await queued(), ['accept', 'contact']);
      assert.equal((await hall.order(no)).state, 'dispatched');

      // A reload may slip through a network that is only played: the server itself goes away.
      await hall.server.kill();
      await page.reload();
      await page.locator('.offline').filter({ hasText: w.offline }).waitFor();
      await page.getByText('客厅不热').waitFor();
      await accessible(page, 'team, reloaded without a network');
      await stepButton(w.arrive).click();
      assert.deepEqual(await queued(), ['accept', 'contact', 'arrive']);
      await page.goto(`/team?team=${team}`);
      await page.locator('li').filter({ hasText: no }).filter({ hasText: w.pending }).waitFor();
      await page.locator('li').filter({ hasText: waits.no }).waitFor();
      await accessible(page, 'team, the queue without a network');
    });

    step('who leaves now would leave it unsent: signing out waits for the network', async () => {
      await button(page, w.signOut).click();
      await page.locator('.toast').filter({ hasText: w.unsent }).waitFor();
      assert.equal((await queued()).length, 3);
    });

    step('with the network back each step is done exactly once', async () => {
      await hall.server.start();
      await page.context().setOffline(false);
      await until('arrived', async () => (await hall.order(no)).state === 'arrived');
      await page.locator('.offline').waitFor({ state: 'detached' });
      await until('nothing left to send', async () => (await queued()).length === 0);
      const { story, contacts } = await hall.order(no);
      for (const type of ['accepted', 'contacted', 'arrived']) assert.equal(told(story, type), 1, type);
      assert.equal(contacts.length, 1);
    });

    step('a temperature slip that the customer refuses to sign names its witness', async () => {
      await page.locator('li button').filter({ hasText: no }).click();
      await page.locator('article .more button', { hasText: w.slip }).click();
      const sheet = page.locator('dialog[open]');
      await button(sheet, w.send).click();
      await sheet.getByText(w.slipNameNeeded).first().waitFor();
      await sheet.getByLabel(w.slipRoom, { exact: true }).fill(language === 'zh' ? '主卧' : 'Bedroom');
      await sheet.getByLabel(w.slipReading, { exact: true }).fill('16.5');
      await sheet.getByLabel(w.slipInstrument, { exact: true }).fill('T-0417');
      await sheet.getByLabel(w.slipDoors, { exact: true }).fill('20');
      await sheet.getByText(w.slipDoubt).waitFor();
      await sheet.getByLabel(w.slipDoors, { exact: true }).fill('35');
      await sheet.locator('label').filter({ hasText: w.slipRefused }).click();
      await sheet.getByLabel(w.slipWitness, { exact: true }).fill('物业刘工');
      await accessible(page, 'team, temperature slip');
      await button(sheet, w.send).click();
      await sheet.waitFor({ state: 'detached' });
      const { temperatures } = await until('the slip', async () => {
        const now = await hall.order(no);
        return now.temperatures.length > 0 ? now : null;
      });
      assert.equal(temperatures.length, 1);
      const [slip] = temperatures;
      assert.equal(slip.reading_tenths, 165);
      assert.equal(slip.doors_shut_min, 35);
      assert.deepEqual(slip.signature, { refused: '物业刘工' });
      assert.equal(slip.instrument, 'T-0417');
    });

    step('after signing out nothing of the work is left on the phone', async () => {
      await page.goto(`/team?team=${team}`);
      await page.locator('li').filter({ hasText: no }).waitFor();
      await button(page, w.signOut).click();
      await page.waitForURL('**/signin**');
      const left = await page.evaluate(async () => ({ keys: Object.keys(localStorage), caches: await caches.keys(), workers: (await navigator.serviceWorker.getRegistrations()).length }));
      assert.deepEqual(left.caches, []);
      assert.equal(left.workers, 0);
      for (const key of left.keys) assert.ok(!/team|outbox|claim|here/.test(key), key);
      assert.deepEqual(page.faults, []);
    });
  });
}
