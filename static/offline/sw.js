// Keeps a site that was shipped usable without a network. `scripts/ship.mjs` puts two lines in front:
//
//   BUILD  the name of this build
//   FILES  path -> { sha256, fixed, first }: `fixed` if the name has a hash of the content in it, `first` if it is
//          fetched before this worker is installed; the rest, large data and the worker with WebGPU, is kept when it has
//          been used once: then it passes through here, or the page says that it used it before this worker had come
//
// Every file is kept under its path and its hash, so two versions never mix: a worker knows only the files of its own
// build, and what the page of another build asks for goes to the network. Files with fixed names come from the cache,
// others (the page itself) from the network as long as there is one.

const scope = self.registration.scope;
const keyOf = (path) => `${scope}${path}?sha256=${FILES[path].sha256}`;
// Other labs may lie elsewhere on this host.
const open = () => caches.open(`nn-lab ${scope}`);
/** A network that takes longer to answer than this is treated as none. */
const PATIENCE_MS = 4000;

const types = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css', wasm: 'application/wasm', json: 'application/json', txt: 'text/plain; charset=utf-8' };

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Keeps a file, if it is that of this build: a host may be in the middle of an update. */
async function keep(path, response) {
  if (!response.ok) throw new Error(`${path}: the host answered ${response.status}`);
  const bytes = await response.arrayBuffer();
  // Some hosts write into the pages that they serve; there the build's name must do.
  const same = path.endsWith('.html')
    ? path !== 'index.html' || new TextDecoder().decode(bytes).includes(BUILD)
    : (await sha256(bytes)) === FILES[path].sha256;
  if (!same) throw new Error(`${path} belongs to another build`);
  const type = types[path.split('.').pop()] ?? 'application/octet-stream';
  const headers = { 'Content-Type': type, 'Content-Length': String(bytes.byteLength) };
  await (await open()).put(keyOf(path), new Response(bytes, { headers }));
}

async function keepFirst(path) {
  const cache = await open();
  if (await cache.match(keyOf(path))) return;
  await keep(path, await fetch(scope + path, { cache: FILES[path].fixed ? 'default' : 'no-cache' }));
}

self.addEventListener('install', (event) => {
  const paths = Object.keys(FILES).filter((path) => FILES[path].first);
  event.waitUntil(Promise.all(paths.map(keepFirst)));
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    const cache = await open();
    const ours = new Set(Object.keys(FILES).map(keyOf));
    for (const request of await cache.keys()) if (!ours.has(request.url)) await cache.delete(request);
    await self.clients.claim();
  })());
});

/** A file whose name changes with its content: the one that is kept is as good as any. */
async function fromCache(event, path) {
  const kept = await (await open()).match(keyOf(path));
  if (kept) return kept;
  const response = await fetch(event.request);
  // A copy, so that the page hears of its progress.
  event.waitUntil(keep(path, response.clone()).catch(() => {}));
  return response;
}

/** The page itself: the newest that can be had soon. */
async function fromNetwork(event, path) {
  const kept = async () => (await open()).match(keyOf(path));
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)).then(kept);
  const asked = fetch(event.request);
  const answer = asked.then((response) => (response.status >= 500 ? kept().then((kept) => kept ?? response) : response), kept);
  // Where nothing is kept there is nothing better than to wait.
  return (await Promise.race([answer, late])) ?? (await answer) ?? asked;
}

self.addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  if (method !== 'GET' || !url.startsWith(scope)) return;
  const path = url.slice(scope.length).split(/[?#]/)[0] || 'index.html';
  if (!Object.hasOwn(FILES, path)) return;
  event.respondWith(FILES[path].fixed ? fromCache(event, path) : fromNetwork(event, path));
});

self.addEventListener('message', (event) => {
  if (event.data === 'build') event.ports[0]?.postMessage(BUILD);
  if (event.data === 'activate') self.skipWaiting();
  if (event.data?.used) {
    const paths = event.data.used.filter((url) => url.startsWith(scope)).map((url) => url.slice(scope.length).split(/[?#]/)[0]);
    event.waitUntil(Promise.all(paths.filter((path) => Object.hasOwn(FILES, path) && !FILES[path].first).map((path) => keepFirst(path).catch(() => {}))));
  }
});
