// Fetches and starts the page, and tells how much of it has come. Trunk puts this script into index.html, after a line that
// imports `init` and one that sets `wasmUrl` (Trunk.toml).

/** Shows the progress of a download, as long as the page shows that it loads. */
async function follow(response) {
  const bar = document.getElementById('start-progress');
  const text = document.getElementById('start-bytes');
  // A shipped page lists the sizes, because the length of a compressed answer is that of the compressed bytes.
  const sizes = JSON.parse(document.getElementById('nn-lab-sizes')?.textContent ?? '{}');
  const length = response.headers.get('Content-Encoding') ? 0 : Number(response.headers.get('Content-Length'));
  const total = sizes[wasmUrl.split('/').pop()] ?? length;
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  const reader = response.body.getReader();
  for (let bytes = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    bytes += value.length;
    if (total >= bytes) {
      bar.max = total;
      bar.value = bytes;
      text.textContent = `${megabytes(bytes)} of ${megabytes(total)} MB`;
    } else {
      text.textContent = `${megabytes(bytes)} MB`;
    }
  }
}

/**
 * Returns true if the service worker has cached the site. There is nothing to wait for then, and reading along would make the
 * start a sixth slower.
 */
function isCached() {
  try {
    return Boolean(navigator.serviceWorker?.controller);
  } catch {
    // A frame without an origin of its own has no service worker.
    return false;
  }
}

const response = await fetch(wasmUrl);
if (!isCached()) {
  // A progress that cannot be shown is no reason not to start.
  follow(response.clone()).catch(() => {});
}
// The browser compiles the file while it arrives, and keeps the result for the next visit.
const wasm = await init({ module_or_path: response });
dispatchEvent(new CustomEvent('TrunkApplicationStarted', { detail: { wasm } }));
