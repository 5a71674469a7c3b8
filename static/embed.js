// Neural network lab, embedding: <nn-lab panel="rnn" seq-len="200" lock="seq_len"></nn-lab>
//
// An element with one panel in a frame. It adjusts its height to the panel, reports what happens in the panel as events,
// and is controlled by attributes and methods. It has no dependencies, and is also an anywidget:
// `export default { render }`.
//
// Attributes: `panel` (the section's name in the lab's addresses), `chapter` (the first open chapter), `lab`
// (the lab's address, if it differs from this file's folder), `sandbox` (copied to the frame), `label` (the
// frame's title), `height` (until the panel has reported its own), `theme` (light or dark; by default that of
// this page). All other attributes are settings of the panel or keys of its address, with - for _: seq-len,
// preset, seed, device, show, hide, lock, autoplay, ask, share.
//
// Events, with the panel's message in `detail`: nn-lab-ready, nn-lab-state, nn-lab-metrics, nn-lab-guess,
// nn-lab-error, nn-lab-resize. Methods: train(), pause(), reset(), set({ seq_len: 100 }).

const VERSION = 1;
const HOME = new URL('./', import.meta.url).href;
const OWN = new Set(['panel', 'chapter', 'lab', 'theme', 'sandbox', 'label', 'height', 'class', 'id', 'style', 'slot', 'title', 'hidden', 'lang', 'dir', 'tabindex', 'role', 'is', 'part']);
// A change of these attributes reloads the frame, because they are not settings that a running panel can
// change.
const FIXED = new Set(['device', 'share', 'show', 'hide', 'lock', 'autoplay', 'ask', 'ask_guess', 'ask_options', 'ask_metric', 'ask_range']);
const EVENTS = new Set(['ready', 'state', 'metrics', 'guess', 'error', 'resize']);

/** All connected elements on this page. */
const elements = new Set();

const isOwn = (name) => OWN.has(name) || name.startsWith('data-') || name.startsWith('aria-') || name.startsWith('on');
const key = (name) => name.replaceAll('-', '_');

/** Returns 'light' or 'dark' for the page around an element: the first opaque background behind it decides. */
function themeAround(element) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  for (let node = element.parentElement; context && node; node = node.parentElement) {
    context.clearRect(0, 0, 1, 1);
    // Drawing a pixel converts colors from any notation.
    context.fillStyle = getComputedStyle(node).backgroundColor;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
    if (alpha > 127) return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128 ? 'dark' : 'light';
  }
  // No background is set, so the browser's own shows, which follows the color scheme that the page allows.
  const schemes = getComputedStyle(document.documentElement).colorScheme;
  const wantsDark = matchMedia('(prefers-color-scheme: dark)').matches;
  return schemes.includes('dark') && (wantsDark || !schemes.includes('light')) ? 'dark' : 'light';
}

/** The panels' heights when this page was last read, so that the page does not jump when a panel reports its height. */
const heights = {
  key: (element) => `nn-lab.height ${element.frame?.src.replace(/^[^#]*/, '')} ${Math.round(element.clientWidth / 100)}`,
  get(element) {
    try { return Number(sessionStorage.getItem(this.key(element))); } catch { return 0; }
  },
  set(element, height) {
    // Without storage the page jumps once.
    try { sessionStorage.setItem(this.key(element), String(height)); } catch {}
  },
};

class NnLab extends (globalThis.HTMLElement ?? class {}) {
  #frame;
  #watch;
  #theme;

  connectedCallback() {
    elements.add(this);
    // An element that is moved in the page keeps its attributes, but browsers reload its frame.
    this.#build();
    this.#watch ??= new MutationObserver((changes) => this.#changed(changes.map((change) => change.attributeName)));
    this.#watch.observe(this, { attributes: true });
  }

  disconnectedCallback() {
    elements.delete(this);
    this.#watch?.disconnect();
    // Removing the frame ends its worker and frees its GPU memory. The other panels are told that it no
    // longer wants to run.
    this.#frame?.remove();
    this.#frame = undefined;
    if (this.lastStand?.wants) relay(this, { ...this.lastStand, wants: false });
    this.lastStand = undefined;
  }

  train() { this.#post({ type: 'train' }); }
  pause() { this.#post({ type: 'pause' }); }
  reset() { this.#post({ type: 'reset' }); }

  /** Changes settings by name. `null` resets a setting to its default. */
  set(values) { this.#post({ type: 'set', values }); }

  get frame() { return this.#frame; }

  #post(message) {
    // Any origin may read this: nothing in it is secret, and a sandboxed frame has no origin that could be
    // named.
    this.#frame?.contentWindow?.postMessage({ source: 'nn-lab-host', version: VERSION, ...message }, '*');
  }

  send(message) { this.#post(message); }

  #address() {
    const query = new URLSearchParams();
    query.set('theme', this.#theme = this.#wantedTheme());
    for (const { name, value } of this.attributes) if (!isOwn(name)) query.set(key(name), value);
    query.set('embed', '1');
    const lab = new URL(this.getAttribute('lab') ?? HOME, document.baseURI).href;
    const path = ['panel', 'chapter'].map((name) => this.getAttribute(name)).filter(Boolean).map(encodeURIComponent);
    return `${lab}#/${path.join('/')}?${query}`;
  }

  #wantedTheme() {
    const asked = this.getAttribute('theme');
    return asked === 'light' || asked === 'dark' ? asked : themeAround(this);
  }

  /** Tells the panel if this page has switched to another theme. */
  retheme() {
    const theme = this.#wantedTheme();
    if (theme !== this.#theme) this.#post({ type: 'theme', theme: (this.#theme = theme) });
  }

  #build() {
    this.#frame?.remove();
    if (!this.style.display) this.style.display = 'block';
    const frame = document.createElement('iframe');
    frame.title = this.getAttribute('label') ?? `Neural network lab${this.hasAttribute('panel') ? `: ${this.getAttribute('panel')}` : ''}`;
    if (this.hasAttribute('sandbox')) frame.setAttribute('sandbox', this.getAttribute('sandbox'));
    frame.allow = 'clipboard-write';
    frame.loading = 'lazy';
    frame.scrolling = 'no';
    Object.assign(frame.style, { display: 'block', width: '100%', border: '0', height: `${Number(this.getAttribute('height')) || 640}px` });
    frame.src = this.#address();
    this.#frame = frame;
    const known = heights.get(this);
    if (known > 0 && known < 100_000) frame.style.height = `${known}px`;
    this.append(frame);
  }

  #changed(names) {
    if (names.includes('theme')) this.retheme();
    const relevant = [...new Set(names)].filter((name) => !isOwn(name) || ['panel', 'chapter', 'lab', 'sandbox'].includes(name));
    if (!relevant.length) return;
    if (relevant.some((name) => isOwn(name) || FIXED.has(key(name)))) return this.#build();
    this.set(Object.fromEntries(relevant.map((name) => [key(name), this.getAttribute(name)])));
  }

  receive(message) {
    if (message.type === 'resize') {
      const height = Number(message.height);
      if (height > 0 && height < 100_000) {
        this.#frame.style.height = `${Math.ceil(height)}px`;
        heights.set(this, Math.ceil(height));
      }
    }
    if (message.type === 'stand') {
      this.lastStand = message;
      return relay(this, message);
    }
    if (EVENTS.has(message.type)) {
      this.dispatchEvent(new CustomEvent(`nn-lab-${message.type}`, { detail: message, bubbles: true }));
    }
  }
}

/** Panels in sandboxes cannot reach each other, so what one wants is relayed to the others. */
function relay(from, { by, wants, since, new: isNew }) {
  for (const element of elements) {
    if (element !== from) element.send({ type: 'stand', by, wants, since, new: isNew });
  }
}

function onMessage({ data, source }) {
  if (data?.source !== 'nn-lab' || data.version !== VERSION) return;
  for (const element of elements) {
    if (element.frame && element.frame.contentWindow === source) return element.receive(data);
  }
}

if (globalThis.customElements && !customElements.get('nn-lab')) {
  addEventListener('message', onMessage);
  // Pages switch themes by an attribute or a class near the root, or with the system, and often fade.
  const retheme = () => requestAnimationFrame(() => elements.forEach((element) => element.retheme()));
  const watch = new MutationObserver(retheme);
  for (const root of [document.documentElement, document.body ?? []].flat()) watch.observe(root, { attributes: true });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', retheme);
  document.addEventListener('transitionend', ({ propertyName }) => propertyName === 'background-color' && retheme());
  customElements.define('nn-lab', NnLab);
}

/**
 * For notebooks (anywidget): every trait of the model becomes an attribute, except those with a leading _. The `metrics`
 * trait receives the panel's numbers.
 */
function render({ model, el }) {
  const element = document.createElement('nn-lab');
  const traits = () => Object.keys(model.attributes ?? {}).filter((name) => !name.startsWith('_') && !['metrics', 'state', 'layout', 'comm', 'tabbable', 'tooltip'].includes(name));
  const put = (name) => {
    const value = model.get(name);
    if (value === null || value === undefined || value === '') element.removeAttribute(name.replaceAll('_', '-'));
    else element.setAttribute(name.replaceAll('_', '-'), String(value));
  };
  traits().forEach(put);
  element.addEventListener('nn-lab-metrics', ({ detail }) => {
    model.set('metrics', detail.metrics);
    model.save_changes();
  });
  const names = traits();
  const listeners = names.map((name) => () => put(name));
  names.forEach((name, index) => model.on(`change:${name}`, listeners[index]));
  el.append(element);
  return () => {
    names.forEach((name, index) => model.off(`change:${name}`, listeners[index]));
    element.remove();
  };
}

export default { render };
