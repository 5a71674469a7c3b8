// Neural network lab, embedding: <nn-lab panel="rnn" seq-len="200" lock="seq_len"></nn-lab>
//
// An element with one panel in a frame. It adjusts its height to the panel, reports what happens in the panel as events,
// and is controlled by attributes and methods. The frame is in a shadow root: the element's children show only where this
// script does not run. Editors that remove unknown elements keep <div class="nn-lab" data-panel="rnn">, which works the
// same. The file has no dependencies, and is also an anywidget: `export default { render }`.
//
// Attributes: `panel` (the section's name in the lab's addresses), `chapter` (the first open chapter), `lab`
// (the lab's address, if it differs from this file's folder), `sandbox` and `credentialless` (copied to the frame),
// `label` (the frame's title), `height` (until the panel has reported its own), `theme` (light or dark; by default that
// of this page). All other attributes are settings of the panel or keys of its address, with - for _: seq-len,
// preset, seed, device, show, hide, lock, autoplay, ask, share.
//
// Events, with the panel's message in `detail`: nn-lab-ready, nn-lab-state, nn-lab-metrics, nn-lab-curves, nn-lab-guess, nn-lab-outcome,
// nn-lab-record, nn-lab-statement, nn-lab-error, nn-lab-resize. Methods: train(), pause(), reset(), set({ seq_len: 100 }),
// restore(record), student(name).

const VERSION = 1;
const HOME = new URL('./', import.meta.url).href;
// Attributes about the frame. A change of these reloads it, except for the theme.
const FRAME = ['panel', 'chapter', 'lab', 'sandbox', 'credentialless', 'theme', 'label', 'height'];
const OWN = new Set([...FRAME, 'class', 'id', 'style', 'slot', 'title', 'hidden', 'lang', 'dir', 'tabindex', 'role', 'is', 'part']);
// A change of these attributes reloads the frame, because they are not settings that a running panel can
// change.
const FIXED = new Set(['device', 'share', 'show', 'hide', 'lock', 'autoplay']);
// So do those of a question and of a lesson.
const isFixed = (name) => FIXED.has(name) || /^(ask|lesson|item\d|file)/.test(name);
const EVENTS = new Set(['ready', 'state', 'metrics', 'curves', 'guess', 'outcome', 'record', 'statement', 'error', 'resize']);
/** A panel that has been in sight for this long without a message gets a link next to it. */
const PATIENCE_MS = 15_000;

/** All connected elements on this page. */
const elements = new Set();

const isOwn = (name) => OWN.has(name) || name.startsWith('data-') || name.startsWith('aria-') || name.startsWith('on');
const key = (name) => name.replaceAll('-', '_');
// Commas and colons stay, because hosts that encode an address once more would break the lists in it.
const encode = (text) => encodeURIComponent(text).replaceAll('%2C', ',').replaceAll('%3A', ':');

/** Returns the element whose background is behind a node, also across the borders of shadow roots. */
function parentOnPage(node) {
  if (node.assignedSlot) return node.assignedSlot;
  return node.parentElement ?? node.getRootNode().host;
}

/** Returns 'light' or 'dark' for the page around an element: the first opaque background behind it decides. */
function themeAround(element) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  for (let node = parentOnPage(element); context && node; node = parentOnPage(node)) {
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

/** Adds rules to a shadow root. Pages whose security policy forbids inline styles accept adopted ones. */
function addStyle(root, rules) {
  if ('adoptedStyleSheets' in root && 'replaceSync' in CSSStyleSheet.prototype) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules);
    root.adoptedStyleSheets = [sheet];
  } else {
    root.append(Object.assign(document.createElement('style'), { textContent: rules }));
  }
}

class NnLab extends (globalThis.HTMLElement ?? class {}) {
  #root;
  #frame;
  #watch;
  #sight;
  #timer;
  #late;
  #theme;

  constructor() {
    super();
    // Nothing is added to the page itself, so a page that was rendered on a server hydrates without a difference.
    this.#root = this.attachShadow({ mode: 'open' });
    addStyle(this.#root, ':host { display: block } :host([hidden]) { display: none } p { margin: 0; padding: 8px 12px; font: inherit }');
  }

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
    this.#sight?.disconnect();
    clearTimeout(this.#timer);
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

  /** Puts back the answers of an earlier `record` message. Answers that the panel has stay. */
  restore(record) { this.#post({ type: 'restore', record }); }

  /** Sets the name of the student, which the file for handing in has. */
  student(name) { this.#post({ type: 'student', name }); }

  get frame() { return this.#frame; }

  #post(message) {
    // Any origin may read this: nothing in it is secret, and a sandboxed frame has no origin that could be
    // named.
    this.#frame?.contentWindow?.postMessage({ source: 'nn-lab-host', version: VERSION, ...message }, '*');
  }

  send(message) { this.#post(message); }

  /** Returns the folder of the lab. An address that could run a script in this page is not one. */
  #lab() {
    const lab = new URL(this.getAttribute('lab') || HOME, document.baseURI);
    return /^(https?|file):$/.test(lab.protocol) ? lab.href : HOME;
  }

  #address(more = {}) {
    const query = Object.entries(more);
    for (const { name, value } of this.attributes) if (!isOwn(name)) query.push([key(name), value]);
    const path = ['panel', 'chapter'].map((name) => this.getAttribute(name)).filter(Boolean).map(encodeURIComponent);
    return `${this.#lab()}#/${path.join('/')}?${query.map((pair) => pair.map(encode).join('=')).join('&')}`;
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
    this.#late?.remove();
    const frame = document.createElement('iframe');
    frame.title = this.getAttribute('label') ?? `Neural network lab${this.hasAttribute('panel') ? `: ${this.getAttribute('panel')}` : ''}`;
    if (this.hasAttribute('sandbox')) frame.setAttribute('sandbox', this.getAttribute('sandbox'));
    if (this.hasAttribute('credentialless')) frame.setAttribute('credentialless', '');
    // The camera is for pictures of one's own in sections 2 and 3. The browser asks before it turns it on.
    frame.allow = 'clipboard-write; camera';
    frame.loading = 'lazy';
    frame.scrolling = 'no';
    Object.assign(frame.style, { display: 'block', width: '100%', border: '0', height: `${Number(this.getAttribute('height')) || 640}px` });
    frame.src = this.#address({ theme: (this.#theme = this.#wantedTheme()), embed: '1' });
    this.#frame = frame;
    const known = heights.get(this);
    if (known > 0 && known < 100_000) frame.style.height = `${known}px`;
    this.#root.append(frame);
    this.#await();
  }

  /**
   * Shows a link if the panel does not answer. A frame that a security policy or a missing header blocks cannot be told
   * from one that is slow, and a frame out of sight does not load.
   */
  #await() {
    this.#sight?.disconnect();
    clearTimeout(this.#timer);
    this.#sight = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      this.#sight.disconnect();
      this.#timer = setTimeout(() => this.#showLink(), PATIENCE_MS);
    });
    this.#sight.observe(this);
  }

  #showLink() {
    const link = Object.assign(document.createElement('a'), { href: this.#address(), target: '_blank', rel: 'noopener', textContent: 'Open it in a new tab' });
    this.#late = document.createElement('p');
    this.#late.setAttribute('role', 'status');
    this.#late.append('This panel has not started. The page may not be allowed to show it here. ', link, '.');
    this.#root.prepend(this.#late);
  }

  #changed(names) {
    if (names.includes('theme')) this.retheme();
    const relevant = [...new Set(names)].filter((name) => !isOwn(name) || ['panel', 'chapter', 'lab', 'sandbox', 'credentialless'].includes(name));
    if (!relevant.length) return;
    if (relevant.some((name) => isOwn(name) || isFixed(key(name)))) return this.#build();
    this.set(Object.fromEntries(relevant.map((name) => [key(name), this.getAttribute(name)])));
  }

  receive(message) {
    this.#sight?.disconnect();
    clearTimeout(this.#timer);
    this.#late?.remove();
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
      this.dispatchEvent(new CustomEvent(`nn-lab-${message.type}`, { detail: message, bubbles: true, composed: true }));
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
  upgradeAll(document);
  // Course systems add content to a page that is already there.
  const added = new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach((node) => node instanceof Element && upgradeAll(node))));
  added.observe(document.documentElement, { childList: true, subtree: true });
}

/** Puts a panel into each `<div class="nn-lab" data-panel="rnn">`, in or at a node. */
function upgradeAll(node) {
  if (node.matches?.('div.nn-lab')) upgrade(node);
  node.querySelectorAll('div.nn-lab').forEach(upgrade);
}

function upgrade(div) {
  if (div.shadowRoot) return;
  const element = document.createElement('nn-lab');
  for (const { name, value } of div.attributes) {
    const own = name.replace(/^data-/, '');
    // Whoever may write text in a course system may choose a panel, but neither a script nor another site.
    if (own === name || own === 'lab' || !/^[a-z][a-z0-9-]*$/.test(own)) continue;
    if (!isOwn(own) || FRAME.includes(own)) element.setAttribute(own, value);
  }
  div.attachShadow({ mode: 'open' }).append(element);
}

/**
 * For notebooks (anywidget). The traits `panel`, `chapter`, `lab`, `theme`, `label`, `height` and `sandbox` are the element's
 * attributes of these names, and `settings` has all others, such as `{"seq_len": 50}`. The traits `metrics` and `guess` receive
 * the panel's messages, if the widget has them.
 */
function render({ model, el }) {
  const element = document.createElement('nn-lab');
  const put = (name, value) => {
    const attribute = name.replaceAll('_', '-');
    if (value === null || value === undefined || value === '') element.removeAttribute(attribute);
    else element.setAttribute(attribute, String(value));
  };
  let names = [];
  const putSettings = () => {
    // A host's model has no list of its traits, so settings arrive in one of them.
    const settings = Object.fromEntries(Object.entries(model.get('settings') ?? {}).filter(([name]) => !isOwn(name)));
    names.filter((name) => !(name in settings)).forEach((name) => put(name));
    names = Object.keys(settings);
    names.forEach((name) => put(name, settings[name]));
  };
  const listeners = [['settings', putSettings], ...FRAME.map((name) => [name, () => put(name, model.get(name))])];
  for (const [name, listener] of listeners) {
    listener();
    model.on(`change:${name}`, listener);
  }
  const store = (name, value) => {
    if (model.get(name) === undefined) return;
    // Pages without a kernel refuse this; the panel works there all the same.
    const refused = (error) => console.warn(`nn-lab: this page does not store "${name}": ${error?.message ?? error}`);
    try {
      model.set(name, value);
      Promise.resolve(model.save_changes()).catch(refused);
    } catch (error) {
      refused(error);
    }
  };
  element.addEventListener('nn-lab-metrics', ({ detail }) => store('metrics', detail.metrics));
  element.addEventListener('nn-lab-guess', ({ detail: { source, version, type, ...guess } }) => store('guess', guess));
  el.append(element);
  return () => {
    element.remove();
    for (const [name, listener] of listeners) {
      // Pages of MyST cannot stop listening, and throw.
      try { model.off(`change:${name}`, listener); } catch {}
    }
  };
}

export default { render };
