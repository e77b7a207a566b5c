// After each build: dist/team-worker.js, which keeps every file that the team's page may load, so that it opens in a cellar.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const dist = new URL('../dist/', import.meta.url);
const read = (name) => readFileSync(new URL(name, dist), 'utf8');
const page = 'team.html';

// From the page to its parts, and to what is loaded later; fonts are left to the phone.
const files = new Set();
const follow = (text) => {
  for (const [, name] of text.matchAll(/["'`/](?:assets\/|\.\/)([\w-]+\.(?:js|css|svg))["'`]/g)) {
    const path = `assets/${name}`;
    if (files.has(path)) continue;
    files.add(path);
    follow(read(path));
  }
};
follow(read(page));

const list = [...files].sort();
const template = readFileSync(new URL('team-worker.js', import.meta.url), 'utf8');
const version = createHash('sha256').update([template, read(page), ...list].join('\n')).digest('hex').slice(0, 12);
const filled = template
  .replace('const FILES = [];', `const FILES = ${JSON.stringify(list.map((path) => `/${path}`))};`)
  .replace("const VERSION = '';", `const VERSION = '${version}';`);
if (list.length === 0 || !filled.includes(version) || !filled.includes(list[0])) throw new Error('the team’s worker was not filled in');
writeFileSync(new URL('team-worker.js', dist), filled);
console.log(`team-worker.js: ${list.length} files, ${version}`);
