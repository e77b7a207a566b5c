/// A hall with a hotline and its people, for walks: who they are, how they sign in, how an operator types a call.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { launch, screen, waitMsMax } from './browser.mjs';
import { Server } from './server.mjs';
import { words } from './words.mjs';

const password = 'winter-pipe-67';
const book = path.resolve(import.meta.dirname, '../../config/halls/addresses-sample.csv');
/// How fast the operator types.
export const keyMs = 40;
export const team = 'repair-east';

/// Flats of one community of the sample's address book, each as an operator types it.
export function flatsOf(community, initials) {
  const part = (text) => /\d+/.exec(text)?.[0];
  return readFileSync(book, 'utf8')
    .split('\n')
    .map((line) => line.split(','))
    .filter((cells) => cells[0] === community)
    .map(([, building, unit, room]) => ({ community, building, unit, room, typed: [initials + part(building), part(unit), room].filter((each) => each !== undefined).join('-') }));
}

export const button = (page, name) => page.getByRole('button', { name, exact: true });

export async function until(what, look) {
  const end = Date.now() + waitMsMax;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: it did not come`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

export class Hotline {
  /// A hall with an address book, an operator, two handlers and a lead.
  static async open() {
    const hall = new Hotline();
    hall.server = await Server.open();
    hall.browser = await launch();
    await hall.server.addresses(book);
    await hall.server.user('li', password, ['--name', '李丽', '--role', 'operator']);
    await hall.server.user('wang', password, ['--name', '王芳', '--role', 'handler']);
    await hall.server.user('zhao', password, ['--name', '赵刚', '--role', 'lead']);
    hall.tokens = { lead: await hall.server.token('lead', 'walk'), operator: await hall.server.token('operator', 'walk') };
    return hall;
  }
  async close() {
    await this.browser?.close();
    await this.server?.close();
  }

  ask(method, where, body) {
    return this.server.ask(this.tokens.lead, method, where, body);
  }
  order(no) {
    return this.ask('GET', `/work-orders/${no}`);
  }
  /// An order from the desk, already with a team.
  async makeOrder(body) {
    const made = await this.ask('POST', '/work-orders', body);
    return made.work_order;
  }

  async signIn(size, username, next, language) {
    const w = words[language];
    const page = await screen(this.browser, this.server.base, size);
    await page.goto(`/signin?lang=${language}&next=${encodeURIComponent(next)}`);
    await page.getByLabel(w.username).waitFor();
    await page.evaluate((to) => localStorage.setItem('warmhall.language', to), language);
    await page.getByLabel(w.username).fill(username);
    await page.getByLabel(w.password, { exact: true }).fill(password);
    await button(page, w.signIn).click();
    await page.waitForURL(`**${next}`);
    return page;
  }
}

export const keys = (page, text) => page.keyboard.type(text, { delay: keyMs });

/// From number to address, with the keyboard alone.
export async function beginCall(page, number, name, typed) {
  await page.keyboard.press('F2');
  await keys(page, number);
  await page.keyboard.press('Enter');
  await keys(page, name);
  await page.keyboard.press('Enter');
  await keys(page, typed);
  await page.locator('[role=option]').first().waitFor();
  await page.keyboard.press('Enter');
}

/// Takes orders from the team's queue until this one is in hand; what came before it is withdrawn.
export async function claim(hall, page, no, language, of = team) {
  const w = words[language];
  await until('our order', async () => {
    await button(page, w.claim).click();
    await page.locator('article h1').waitFor();
    const text = await page.locator('article').textContent();
    if (text.includes(no)) return true;
    const other = /\d{8}-\d{4}/.exec(text)[0];
    await hall.ask('POST', `/work-orders/${other}/withdraw`, { reason: 'walk' });
    await page.goto(`/team?team=${of}`);
    await button(page, w.claim).waitFor();
    return false;
  });
}

/// Steps that depend on each other: after one that fell the rest is passed over.
export function ladder(test) {
  let fallen = null;
  return {
    begin: () => (fallen = null),
    step(what, walk) {
      test(what, async (context) => {
        if (fallen) return context.skip(`after: ${fallen}`);
        fallen = what;
        await walk();
        fallen = null;
      });
    },
  };
}
