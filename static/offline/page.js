// Starts the service worker that caches the site for use without a network, and announces new versions. Only
// sites built by `./lab build` have this script in their page. During development nothing is cached.

const build = document.querySelector('meta[name="nn-lab-build"]').content;

/** Returns the build that a service worker belongs to. */
function buildOf(worker) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    setTimeout(resolve, 5000);
    worker.postMessage('build', [port2]);
  });
}

/** Announces a new version once, and switches to it when asked. */
function announce(reload) {
  if (document.querySelector('.update-notice')) return;
  const notice = document.createElement('div');
  notice.className = 'update-notice';
  notice.setAttribute('role', 'status');
  document.body.append(notice);
  const button = document.createElement('button');
  button.type = 'button';
  button.dataset.action = 'reload';
  button.textContent = 'Reload';
  button.addEventListener('click', reload, { once: true });
  // The text is added after the live region, so that screen readers speak it.
  notice.append('A new version is here.', button);
}

async function start(workers) {
  const registration = await workers.register('./sw.js', { updateViaCache: 'none' });
  const check = async () => {
    const { waiting } = registration;
    // The page comes from the network first, so it may be as new as the waiting worker.
    if (!waiting || (await buildOf(waiting)) === build) return;
    announce(() => {
      workers.addEventListener('controllerchange', () => location.reload(), { once: true });
      waiting.postMessage('activate');
    });
  };
  registration.addEventListener('updatefound', () => {
    const { installing } = registration;
    installing?.addEventListener('statechange', () => installing.state === 'installed' && check());
  });
  // Another tab has switched to a new version, so this tab's files are no longer cached.
  workers.addEventListener('controllerchange', async () => {
    if (workers.controller && (await buildOf(workers.controller)) !== build) announce(() => location.reload());
  });
  // Requests made before the worker controls this page bypass the worker, so it is told about them.
  const { active } = await workers.ready;
  new PerformanceObserver((list) => active.postMessage({ used: list.getEntries().map(({ name }) => name) })).observe({ type: 'resource', buffered: true });
  const update = () => registration.update().catch(() => {});
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && update());
  setInterval(update, 3_600_000);
  await check();
}

/** The time without a download or a first measurement after which the lab has arrived. */
const QUIET_MS = 3000;
/** Caching starts after this time in any case. */
const MAX_WAIT_MS = 300_000;

/** Returns true as long as the lab in a document has not started, or a panel in it waits for its worker or its data. */
function isWaiting(page) {
  // A lesson shows its panels in frames.
  return page.querySelector('#start, [data-probe="running"], [data-state="loading"]') || [...page.querySelectorAll('iframe')].some((frame) => frame.contentDocument && isWaiting(frame.contentDocument));
}

/**
 * Waits until the lab has arrived. Caching the rest of the site at once would take most of a slow connection away from it: in a
 * classroom, a first step came after 45 seconds and not after 23.
 */
async function arrived() {
  const end = Date.now() + MAX_WAIT_MS;
  for (let quiet = 0; quiet < QUIET_MS && Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    quiet = isWaiting(document) ? 0 : quiet + 500;
  }
}

// A frame without an origin of its own throws here, and plain http has no service workers. The lab works without one.
(async () => {
  try {
    const workers = navigator.serviceWorker;
    if (!workers) return;
    await arrived();
    await start(workers);
  } catch {}
})();
