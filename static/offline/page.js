// Starts the worker that keeps the site for use without a network, and says when a new version has come. Only a site
// that `./lab build` shipped has this script in its page; while the lab is worked on, nothing is kept.

const build = document.querySelector('meta[name="nn-lab-build"]').content;

/** The build that a worker belongs to. */
function buildOf(worker) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    setTimeout(resolve, 5000);
    worker.postMessage('build', [port2]);
  });
}

/** Says once that there is something new, and goes over to it when asked. */
function tell(reload) {
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
  // Put in after the region, so that it is read out.
  notice.append('A new version is here.', button);
}

async function start(workers) {
  const registration = await workers.register('./sw.js', { updateViaCache: 'none' });
  const look = async () => {
    const { waiting } = registration;
    // The page comes from the network first, so it may be as new as the worker that waits.
    if (!waiting || (await buildOf(waiting)) === build) return;
    tell(() => {
      workers.addEventListener('controllerchange', () => location.reload(), { once: true });
      waiting.postMessage('activate');
    });
  };
  registration.addEventListener('updatefound', () => {
    const { installing } = registration;
    installing?.addEventListener('statechange', () => installing.state === 'installed' && look());
  });
  // Another tab has gone over to a new version: this one's files are kept no longer.
  workers.addEventListener('controllerchange', async () => {
    if (workers.controller && (await buildOf(workers.controller)) !== build) tell(() => location.reload());
  });
  // What is fetched before the worker has this page in its care does not pass through it.
  const { active } = await workers.ready;
  new PerformanceObserver((list) => active.postMessage({ used: list.getEntries().map(({ name }) => name) })).observe({ type: 'resource', buffered: true });
  const ask = () => registration.update().catch(() => {});
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && ask());
  setInterval(ask, 3_600_000);
  await look();
}

// After everything that the page itself needs. A frame without an origin of its own has no such worker, and says so by
// throwing; plain http has none either. The lab works without.
const begin = async () => {
  try {
    if (navigator.serviceWorker) await start(navigator.serviceWorker);
  } catch {}
};
if (document.readyState === 'complete') begin();
else addEventListener('load', begin, { once: true });
