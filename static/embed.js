// Neural network lab, embedding: <nn-lab panel="rnn" seq-len="200" lock="seq_len"></nn-lab>
//
// A frame with one panel that sizes itself, passes on what the panel says as events, and is told what to do by
// attributes and methods. No dependencies. Also an anywidget: `export default { render }`.
//
// Attributes: `panel` (a section's name, as the lab's addresses have it), `chapter` (the one that is open at first), `lab`
// (the lab's address, if it is not where this file lies), `sandbox` (given to the frame as it is), `label` (the frame's
// title), `height` (until the panel has told its own), `theme` (light or dark; by default that of this page). All others
// are settings of the panel or keys of its address, with - for _: seq-len, preset, seed, device, show, hide, lock,
// autoplay, ask, share.
//
// Events, each with what was said in `detail`: nn-lab-ready, nn-lab-state, nn-lab-metrics, nn-lab-guess, nn-lab-error,
// nn-lab-resize. Methods: train(), pause(), reset(), set({ seq_len: 100 }).

const VERSION = 1;
const HOME = new URL('./', import.meta.url).href;
const OWN = new Set(['panel', 'chapter', 'lab', 'theme', 'sandbox', 'label', 'height', 'class', 'id', 'style', 'slot', 'title', 'hidden', 'lang', 'dir', 'tabindex', 'role', 'is', 'part']);
// A change of these is a change of the page, not of a setting: the frame is made anew.
const FIXED = new Set(['device', 'share', 'show', 'hide', 'lock', 'autoplay', 'ask', 'ask_guess', 'ask_options', 'ask_metric', 'ask_range']);
const TOLD = new Set(['ready', 'state', 'metrics', 'guess', 'error', 'resize']);

/** All elements on this page, by their frames' windows. */
const elements = new Set();

const isOwn = (name) => OWN.has(name) || name.startsWith('data-') || name.startsWith('aria-') || name.startsWith('on');
const key = (name) => name.replaceAll('-', '_');

/** Whether what is around an element is light or dark, whatever says so: the first background behind it decides. */
function themeAround(element) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  for (let node = element.parentElement; context && node; node = node.parentElement) {
    context.clearRect(0, 0, 1, 1);
    // Colors of any notation, as pixels.
    context.fillStyle = getComputedStyle(node).backgroundColor;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
    if (alpha > 127) return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128 ? 'dark' : 'light';
  }
  // Nothing is painted: the browser's own ground, which follows the scheme that the page allows.
  const schemes = getComputedStyle(document.documentElement).colorScheme;
  const wantsDark = matchMedia('(prefers-color-scheme: dark)').matches;
  return schemes.includes('dark') && (wantsDark || !schemes.includes('light')) ? 'dark' : 'light';
}

/** How high a panel was when this page was last read, so that the page does not jump when the panel tells it again. */
const heights = {
  key: (element) => `nn-lab.height ${element.frame?.src.replace(/^[^#]*/, '')} ${Math.round(element.clientWidth / 100)}`,
  get(element) {
    try { return Number(sessionStorage.getItem(this.key(element))); } catch { return 0; }
  },
  set(element, height) {
    // Without storage the page jumps once more.
    try { sessionStorage.setItem(this.key(element), String(height)); } catch {}
  },
};

class NnLab extends (globalThis.HTMLElement ?? class {}) {
  #frame;
  #watch;
  #theme;

  connectedCallback() {
    elements.add(this);
    // An element that only moves in the page keeps its attributes; browsers load its frame anew.
    this.#build();
    this.#watch ??= new MutationObserver((changes) => this.#changed(changes.map((change) => change.attributeName)));
    this.#watch.observe(this, { attributes: true });
  }

  disconnectedCallback() {
    elements.delete(this);
    this.#watch?.disconnect();
    // With the frame go its worker and what it holds on the GPU; the others hear that it wants nothing any more.
    this.#frame?.remove();
    this.#frame = undefined;
    if (this.lastStand?.wants) relay(this, { ...this.lastStand, wants: false });
    this.lastStand = undefined;
  }

  train() { this.#post({ type: 'train' }); }
  pause() { this.#post({ type: 'pause' }); }
  reset() { this.#post({ type: 'reset' }); }

  /** Changes settings, by the names of the fields; `null` sets one back to its default. */
  set(values) { this.#post({ type: 'set', values }); }

  get frame() { return this.#frame; }

  #post(message) {
    // To whatever is in the frame: nothing in it is secret, and a sandboxed frame has no origin that could be named.
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

  /** Tells the panel when this page has gone over to another theme. */
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

  hear(message) {
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
    if (TOLD.has(message.type)) {
      this.dispatchEvent(new CustomEvent(`nn-lab-${message.type}`, { detail: message, bubbles: true }));
    }
  }
}

/** Panels in a sandbox cannot hear each other; what one wants is passed on to the others. */
function relay(from, { by, wants, since, new: isNew }) {
  for (const element of elements) {
    if (element !== from) element.send({ type: 'stand', by, wants, since, new: isNew });
  }
}

function onMessage({ data, source }) {
  if (data?.source !== 'nn-lab' || data.version !== VERSION) return;
  for (const element of elements) {
    if (element.frame && element.frame.contentWindow === source) return element.hear(data);
  }
}

if (globalThis.customElements && !customElements.get('nn-lab')) {
  addEventListener('message', onMessage);
  // Themes are switched by an attribute or a class near the root, by the system, and often fade.
  const retheme = () => requestAnimationFrame(() => elements.forEach((element) => element.retheme()));
  const watch = new MutationObserver(retheme);
  for (const root of [document.documentElement, document.body ?? []].flat()) watch.observe(root, { attributes: true });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', retheme);
  document.addEventListener('transitionend', ({ propertyName }) => propertyName === 'background-color' && retheme());
  customElements.define('nn-lab', NnLab);
}

/** For notebooks (anywidget): each trait of the model but those with a leading _ is an attribute; `metrics` is set. */
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
