// The team's page without a network: its own built files, and nothing else. What the server answers is never kept here; the last picture
// of the work is kept by the page itself. FILES and VERSION are filled in by worker.mjs.
const FILES = [];
const VERSION = '';
const PAGE = '/team';
const OURS = 'warmhall-team-';
const CACHE = OURS + VERSION;
// A page that is slower than this is taken from the phone.
const PAGE_MS_MAX = 4000;

const keep = async () => {
  const cache = await caches.open(CACHE);
  await cache.addAll([PAGE, ...FILES]);
};

self.addEventListener('install', (event) => event.waitUntil(keep().then(() => self.skipWaiting())));

// One older set is left: a page that is still open may not have loaded all of its own.
self.addEventListener('activate', (event) => {
  const tidy = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith(OURS) && name !== CACHE);
    await Promise.all(old.slice(0, -1).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

async function page(request) {
  const kept = await caches.match(PAGE, { cacheName: CACHE });
  if (kept === undefined) return fetch(request);
  const slow = new Promise((done) => setTimeout(() => done(kept), PAGE_MS_MAX));
  const asked = fetch(request).then((answer) => (answer.status >= 500 ? kept : answer));
  return Promise.race([asked.catch(() => kept), slow]);
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    if (url.pathname === PAGE) event.respondWith(page(request));
  } else if (url.pathname.startsWith('/assets/')) {
    // Their names say what is in them: the same for ever.
    event.respondWith(caches.match(url.pathname).then((kept) => kept ?? fetch(request)));
  }
});
