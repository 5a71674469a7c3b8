// A client of Marionette, Firefox's remote protocol, as far as the tests need it. Playwright's channel
// `moz-firefox` needs a command that Firefox ESR 140 lacks (`network.addDataCollector`). Puppeteer over
// WebDriver BiDi would add 25 packages, and its locators and waits evaluate text in the page, which the
// page's policy refuses there.
// https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Returns the path of Firefox, or undefined. FIREFOX names another one. */
export function firefoxPath() {
  for (const name of [process.env.FIREFOX, 'firefox-esr', 'firefox']) {
    if (!name) continue;
    try {
      return execFileSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' }).trim();
    } catch {}
  }
  return undefined;
}

/**
 * A connection. Messages are `LENGTH:JSON`; a command is `[0, id, name, parameters]`, an answer `[1, id,
 * error, result]`.
 */
class Marionette {
  #socket;
  #waiting = new Map();
  #rest = Buffer.alloc(0);
  #last = 0;

  constructor(socket) {
    this.#socket = socket;
    socket.on('data', (data) => {
      this.#rest = Buffer.concat([this.#rest, data]);
      for (;;) {
        const colon = this.#rest.indexOf(':');
        const length = Number(this.#rest.subarray(0, colon));
        if (colon < 0 || this.#rest.length < colon + 1 + length) return;
        const message = JSON.parse(this.#rest.subarray(colon + 1, colon + 1 + length));
        this.#rest = this.#rest.subarray(colon + 1 + length);
        // The first message describes the program and is not an answer.
        if (!Array.isArray(message)) continue;
        const [, id, error, result] = message;
        const { resolve, reject } = this.#waiting.get(id);
        if (error) reject(new Error(`${error.error}: ${error.message}`));
        else resolve(result);
      }
    });
  }

  send(name, parameters = {}) {
    const id = ++this.#last;
    const text = JSON.stringify([0, id, name, parameters]);
    this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }
}

async function connected(port) {
  for (let i = 0; i < 120; i++) {
    const socket = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket));
      socket.on('error', () => resolve(undefined));
    });
    if (socket) return socket;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error('Firefox does not answer.');
}

/**
 * Gives `body` a Firefox with a fresh profile: `go(url)`, and `run(script, ...args)` for a function's text,
 * sync or async.
 */
export async function withFirefox(body) {
  const profile = mkdtempSync(join(tmpdir(), 'nn-lab-firefox-'));
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const settings = { 'marionette.port': port, 'datareporting.policy.dataSubmissionEnabled': false, 'app.update.disabledForTesting': true, 'network.captive-portal-service.enabled': false };
  writeFileSync(join(profile, 'user.js'), Object.entries(settings).map(([key, value]) => `user_pref(${JSON.stringify(key)}, ${JSON.stringify(value)});\n`).join(''));
  const firefox = spawn(firefoxPath(), ['--headless', '--marionette', '--no-remote', '--profile', profile], { stdio: 'ignore' });
  let socket;
  try {
    socket = await connected(port);
    const marionette = new Marionette(socket);
    await marionette.send('WebDriver:NewSession', { capabilities: { alwaysMatch: { acceptInsecureCerts: false } } });
    await marionette.send('WebDriver:SetTimeouts', { script: 600_000, pageLoad: 60_000 });
    await body({
      go: (url) => marionette.send('WebDriver:Navigate', { url }),
      run: async (script, ...args) => (await marionette.send('WebDriver:ExecuteScript', { script: `return (${script})(...arguments)`, args })).value,
    });
  } finally {
    socket?.destroy();
    const over = new Promise((resolve) => firefox.once('exit', resolve));
    firefox.kill();
    await over;
    rmSync(profile, { recursive: true, force: true });
  }
}
