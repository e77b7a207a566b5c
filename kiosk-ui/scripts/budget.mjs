// After each build: what every screen weighs at first load, and that nothing in it would fail on Chrome 87 or under the strict CSP.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url);
const jsBytesMax = 60 * 1024;
const allBytesMax = 120 * 1024;
const notInChrome87 = {
  css: [/:where\(/, /:is\(/, /:has\(/, /@layer\b/, /@container\b/, /color-mix\(/, /\baspect-ratio:/, /\d(dvh|svh|lvh|cq[wh])\b/, /\baccent-color:/, /overflow(-[xy])?:\s*clip/],
  js: [/\.at\(-?\d/, /Object\.hasOwn\(/, /structuredClone\(/, /crypto\.randomUUID\(/, /AbortSignal\.timeout\(/, /\.findLast\(/, /\bstatic\s*\{/],
};
const blockedByCsp = {
  html: [/<script(?![^>]*\ssrc=)/, /<style/, /\sstyle=/, /\son[a-z]+=/],
  css: [/url\(["']?data:/, /url\(["']?https?:/],
  js: [/\bnew Function\(/, /\beval\(/],
};

const read = (name) => readFileSync(new URL(name, dist));
const failures = [];
const loads = (html) => [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((match) => match[1]);

// Imports of a chunk that the page does not already preload count as well.
function closure(names) {
  const seen = new Set(names);
  for (const name of seen) {
    if (!name.endsWith('.js')) continue;
    for (const match of read(name).toString().matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) seen.add(`assets/${match[1]}`);
  }
  return [...seen];
}

const size = (name) => gzipSync(read(name), { level: 9 }).length;
for (const page of readdirSync(dist).filter((name) => name.endsWith('.html'))) {
  const html = read(page).toString();
  const files = closure(loads(html));
  const js = files.filter((name) => name.endsWith('.js')).reduce((sum, name) => sum + size(name), 0);
  const all = size(page) + files.reduce((sum, name) => sum + size(name), 0);
  console.log(`${page.padEnd(16)} ${(js / 1024).toFixed(1).padStart(6)} KB js ${(all / 1024).toFixed(1).padStart(6)} KB in all (gzip)`);
  if (js > jsBytesMax) failures.push(`${page}: ${js} bytes of JavaScript, at most ${jsBytesMax}`);
  if (all > allBytesMax) failures.push(`${page}: ${all} bytes in all, at most ${allBytesMax}`);
  for (const rule of blockedByCsp.html) if (rule.test(html)) failures.push(`${page}: ${rule} is blocked by the CSP`);
}
for (const name of readdirSync(new URL('assets/', dist))) {
  const kind = name.split('.').pop();
  const text = kind === 'css' || kind === 'js' ? read(`assets/${name}`).toString() : '';
  for (const rule of [...(notInChrome87[kind] ?? []), ...(blockedByCsp[kind] ?? [])]) {
    if (rule.test(text)) failures.push(`assets/${name}: ${rule} at “${text.slice(Math.max(0, text.search(rule) - 40), text.search(rule) + 40)}”`);
  }
}
if (failures.length > 0) {
  console.error(failures.join('\n'));
  process.exit(1);
}
