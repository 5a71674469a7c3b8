// The part of the widget that connects an <nn-lab> element with Python. nn_lab/widget.py appends this file to the
// site's embed.js, whose export is named `embed` here.

/** Panels that Python controls, by the widget's id. A widget can be displayed several times; the first display counts. */
const displays = (globalThis[Symbol.for('nn-lab.displays')] ??= new Map());

/** A panel sends its numbers at most every 500 ms, so the last ones follow the end of a run after this time at the latest. */
const SETTLE_MS = 1500;

/** Messages whose content becomes the value of a trait. */
const TRAITS = {
  state: ({ state }) => ({ state }),
  metrics: ({ metrics }) => ({ metrics }),
  error: ({ message }) => ({ error: message }),
  guess: (message) => ({ guess: content(message), ...(message.record && { answers: message.record }) }),
  outcome: (message) => ({ outcome: content(message), ...(message.record && { answers: message.record }) }),
  record: ({ record, progress }) => ({ answers: record, ...(progress && { progress }) }),
  curves: ({ curves }) => ({ curves: Object.fromEntries(curves.map(({ metric, ...curve }) => [metric, { x: 'step', ...curve }])) }),
};

const content = ({ source, version, type, panel, record, ...rest }) => rest;

/** Returns true if a server has the site at this address. */
async function isServedAt(address) {
  try {
    const response = await fetch(`${address}version.json`, { signal: AbortSignal.timeout(10_000) });
    return response.ok && 'nn-lab' in (await response.json());
  } catch {
    return false;
  }
}

/** Returns the address below which Jupyter Server has its extensions, or nothing in another notebook. */
function jupyterBase() {
  const config = document.getElementById('jupyter-config-data')?.textContent;
  try {
    const base = config ? JSON.parse(config).baseUrl : document.body.dataset.baseUrl;
    return base && new URL(base.endsWith('/') ? base : `${base}/`, location.href).href;
  } catch {
    return undefined;
  }
}

/** Asks Python to start its server, and returns its address. */
function localAddress(model, signal) {
  return new Promise((resolve, reject) => {
    const check = () => {
      const { address, error } = model.get('local_site') ?? {};
      if (error) reject(new Error(error));
      else if (address) resolve(address);
      return error || address;
    };
    if (check()) return;
    model.on('change:local_site', check);
    signal.addEventListener('abort', () => model.off('change:local_site', check));
    model.set('local_wanted', (model.get('local_wanted') ?? 0) + 1);
    model.save_changes();
  });
}

/** Returns the address of the site. */
async function findSite(model, signal) {
  const given = model.get('lab');
  if (given) return given.endsWith('/') || given.endsWith('.html') ? given : `${given}/`;
  const base = jupyterBase();
  if (base && (await isServedAt(`${base}nn-lab/`))) return `${base}nn-lab/`;
  const local = await localAddress(model, signal);
  if (await isServedAt(local)) return local;
  const advice = base ? 'Install nn-lab where Jupyter itself is installed and restart Jupyter' : 'If Python runs on another computer, forward this port';
  throw new Error(`This page cannot reach the lab at ${local}, where Python serves it. ${advice}, or give an address: Lab(…, lab="https://…/").`);
}

/** Connects an element with the traits. Returns a function that ends the connection. */
function connect(model, element) {
  const id = model.get('widget_id');
  const mine = Symbol(id);
  displays.set(id, [...(displays.get(id) ?? []), mine]);
  const isFirst = () => displays.get(id)?.[0] === mine;
  /** The window of the last message, and whether it has reported that it is ready. A frame that is rebuilt has another one. */
  let panelWindow;
  let hasReported = false;
  const isReady = () => hasReported && element.frame?.contentWindow === panelWindow;
  let run = null;
  /** The number of the last command that was executed. */
  let done = 0;
  /** The state that the panel has reported last. */
  let reported = '';
  let settling;

  /** Values of traits that Python does not have yet, and the number of the message that it has not confirmed yet. */
  let pending = {};
  let sent = 0;

  const flush = () => {
    if (!Object.keys(pending).length) return;
    const values = pending;
    if (model.get('by_message')) {
      if (sent && sent !== model.get('heard')) return;
      // Numbers are not reused after a reload.
      sent = Math.max(sent + 1, Date.now());
      pending = {};
      model.send({ number: sent, values });
      return;
    }
    pending = {};
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    try {
      Promise.resolve(model.save_changes()).catch(() => {});
    } catch {
      // Pages without a kernel refuse this; the panel works there all the same.
    }
  };

  const store = (values) => {
    if (!isFirst()) return;
    for (const [name, value] of Object.entries(values)) if (value !== undefined) pending[name] = value;
    flush();
  };

  /** Settings that the element could not pass on: those that changed before the panel was ready, and those named like attributes of HTML. */
  let late = new Set(Object.keys(model.get('settings') ?? {}).filter(isOwn));
  let known = model.get('settings') ?? {};
  const sendLate = () => {
    const settings = model.get('settings') ?? {};
    const values = Object.fromEntries([...late].filter((name) => !isFixed(name)).map((name) => [name, settings[name] ?? null]));
    if (Object.keys(values).length) element.set(values);
    late = new Set();
  };
  const onSettings = () => {
    const now = model.get('settings') ?? {};
    const changed = [...new Set([...Object.keys(known), ...Object.keys(now)])].filter((name) => known[name] !== now[name]);
    known = now;
    changed.filter((name) => isOwn(name) || !isReady()).forEach((name) => late.add(name));
    if (isReady()) sendLate();
  };

  const onCommands = () => {
    // The first state follows the message that the panel is ready. It must not be taken for an answer to a command.
    if (!isFirst() || !isReady() || !reported) return;
    done = Math.max(done, model.get('commands_done') ?? 0);
    const next = (model.get('commands') ?? []).filter(({ number }) => number > done);
    if (!next.length) return;
    for (const { type } of next) if (['train', 'pause', 'reset'].includes(type)) element[type]();
    // The panel reports the start of a run a moment later.
    const starts = next.at(-1).type === 'train' && !['loading', 'running'].includes(reported);
    if (starts) {
      clearTimeout(settling);
      settling = undefined;
    }
    done = next.at(-1).number;
    store({ commands_done: done, ...(starts && { state: 'starting' }) });
  };

  /** Reports the end of a run, once its last numbers are known. */
  const settle = () => {
    clearTimeout(settling);
    settling = undefined;
    store({ state: reported });
  };

  const sendStudent = () => {
    if (isReady() && model.get('student')) element.send({ type: 'student', name: model.get('student') });
  };

  /** Curves from the numbers that the panel has sent during the run, for labs that send no curves. */
  const follow = (message) => {
    if (message.type === 'state' && message.state === 'running' && !run) {
      run = { start: performance.now(), curves: {} };
      store({ curves: {} });
    }
    if (message.type === 'state' && ['idle', 'loading'].includes(message.state)) run = null;
    if (message.type === 'curves') run = { sent: true };
    if (message.type !== 'metrics' || !run?.curves) return;
    const { step, ...metrics } = message.metrics;
    run.x ??= Number.isFinite(step) ? 'step' : 'seconds';
    const at = run.x === 'step' ? step : Math.round(performance.now() - run.start) / 1000;
    if (!Number.isFinite(at)) return;
    for (const [name, value] of Object.entries(metrics)) {
      const { points } = (run.curves[name] ??= { x: run.x, title: name, unit: '', points: [] });
      if (points.at(-1)?.[0] === at) points.pop();
      points.push([at, value]);
    }
    // What is the same at every step is no curve.
    const changing = Object.entries(run.curves).filter(([, { points }]) => points.some(([, value]) => value !== points[0][1]));
    if (changing.length) store({ curves: Object.fromEntries(changing) });
  };

  const onMessage = ({ data, source }) => {
    if (!source || source !== element.frame?.contentWindow || data?.source !== 'nn-lab' || data.version !== VERSION) return;
    if (source !== panelWindow) {
      panelWindow = source;
      hasReported = false;
      reported = '';
    }
    if (data.type === 'ready') {
      hasReported = true;
      sendLate();
      sendStudent();
      // The kernel has kept the answers when the page is reloaded.
      const record = model.get('answers');
      if (record?.answers?.length) element.send({ type: 'restore', record });
      onCommands();
    }
    if (!Object.hasOwn(TRAITS, data.type)) return;
    follow(data);
    if (data.type === 'state') {
      reported = data.state;
      clearTimeout(settling);
      settling = undefined;
      if (['done', 'paused'].includes(data.state)) settling = setTimeout(settle, SETTLE_MS);
      else store({ state: data.state });
      onCommands();
      return;
    }
    store(TRAITS[data.type](data));
    if (data.type === 'metrics' && settling !== undefined) settle();
    // A panel that refuses a command stays as it is.
    if (data.type === 'error' && reported && settling === undefined) store({ state: reported });
  };

  addEventListener('message', onMessage);
  const listeners = { settings: onSettings, commands: onCommands, student: sendStudent, heard: flush };
  for (const [name, listener] of Object.entries(listeners)) model.on(`change:${name}`, listener);
  return () => {
    removeEventListener('message', onMessage);
    clearTimeout(settling);
    for (const [name, listener] of Object.entries(listeners)) model.off(`change:${name}`, listener);
    displays.set(id, (displays.get(id) ?? []).filter((other) => other !== mine));
  };
}

function renderLab({ model, el }) {
  const ending = new AbortController();
  const note = document.createElement('p');
  note.setAttribute('role', 'status');
  const waiting = setTimeout(() => (note.textContent = 'Waiting for Python to serve the lab.'), 2000);
  el.append(note);
  findSite(model, ending.signal)
    .then((address) => {
      if (ending.signal.aborted) return;
      note.remove();
      // What the panel reports is stored below, and not a second time by the element's own widget.
      const get = (name) => (name === 'lab' ? address : ['metrics', 'guess'].includes(name) ? undefined : model.get(name));
      const shown = { get, on: (...pair) => model.on(...pair), off: (...pair) => model.off(...pair) };
      const remove = embed.render({ model: shown, el });
      const disconnect = connect(model, el.querySelector('nn-lab'));
      ending.signal.addEventListener('abort', () => {
        disconnect();
        remove();
      });
    })
    .catch((error) => (note.textContent = error.message))
    .finally(() => clearTimeout(waiting));
  return () => {
    ending.abort();
    note.remove();
  };
}

export default { render: renderLab };
