// The service worker that keeps a built site usable without a network. `scripts/ship.mjs` inserts two lines
// in front:
//
//   BUILD  the name of this build
//   FILES  path -> { sha256, fixed, first }: `fixed` if the name contains a hash of the content, `first` if the file is
//          cached before this worker is installed. The rest (large data and the worker with WebGPU) is cached after its
//          first use: it passes through this worker, or the page reports that it used it before this worker was active
//
// Files are cached by path and hash, so versions never mix: a worker knows only the files of its own build,
// and requests from the page of another build go to the network. Files with fixed names come from the cache,
// others (the page itself) from the network as long as there is one.

const scope = self.registration.scope;
const keyOf = (path) => `${scope}${path}?sha256=${FILES[path].sha256}`;
// The host may have other copies of the lab at other paths.
const open = () => caches.open(`nn-lab ${scope}`);
/** A network that takes longer to answer is treated as offline. */
const TIMEOUT_MS = 4000;

const types = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css', wasm: 'application/wasm', json: 'application/json', txt: 'text/plain; charset=utf-8' };

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Caches a file if it belongs to this build. The host may be in the middle of an update. */
async function keep(path, response) {
  if (!response.ok) throw new Error(`${path}: the host answered ${response.status}`);
  const bytes = await response.arrayBuffer();
  // Some hosts modify the pages that they serve. There the build's name is all that can be checked.
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
  event.waitUntil((async () => {
    // A few at a time, so that the page's own downloads get most of a slow connection.
    const next = paths.values();
    const keepRest = async () => {
      for (const path of next) await keepFirst(path);
    };
    await Promise.all([keepRest(), keepRest()]);
  })());
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    const cache = await open();
    const ours = new Set(Object.keys(FILES).map(keyOf));
    for (const request of await cache.keys()) if (!ours.has(request.url)) await cache.delete(request);
    await self.clients.claim();
  })());
});

/** Answers with a file whose name changes with its content, so the cached copy is always right. */
async function fromCache(event, path) {
  const kept = await (await open()).match(keyOf(path));
  if (kept) return kept;
  const response = await fetch(event.request);
  // Cache a clone, so that the page can follow the download's progress.
  event.waitUntil(keep(path, response.clone()).catch(() => {}));
  return response;
}

/** Answers with the newest version that is available soon, for the page itself. */
async function fromNetwork(event, path) {
  const kept = async () => (await open()).match(keyOf(path));
  const late = new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS)).then(kept);
  const asked = fetch(event.request);
  const answer = asked.then((response) => (response.status >= 500 ? kept().then((kept) => kept ?? response) : response), kept);
  // If nothing is cached, there is no alternative to waiting.
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
