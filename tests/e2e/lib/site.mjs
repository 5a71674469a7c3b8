// A static server for the built site. It does what a plain web host does, and what tests need besides: it can
// hold a file back, change it on the way, or stop answering.

import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The folder of the built site: NN_LAB_DIST, or dist/. */
export const dist = process.env.NN_LAB_DIST ?? join(root, 'dist');
/** The folder for pictures, traces and other artifacts. */
export const artifacts = join(root, 'target/e2e');

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.bin': 'application/octet-stream',
  '.md': 'text/markdown; charset=utf-8',
};

/** The origins that have been served so far. */
export const origins = new Set();

/** Runs a file of scripts/ with node or Python, and returns its output. */
export const script = (name, ...words) => execFileSync(name.endsWith('.py') ? 'python3' : process.execPath, [join(root, 'scripts', name), ...words], { encoding: 'utf8', stdio: 'pipe' });

/**
 * Ships the built site into a folder of its own; `change` makes another version of it. The caller removes the
 * folder.
 */
export function ship(name, change = () => {}) {
  const folder = join(artifacts, `shipped-${name}`);
  rmSync(folder, { recursive: true, force: true });
  cpSync(dist, folder, { recursive: true, filter: (path) => !/\.(br|gz)$/.test(path) });
  change(folder);
  const { build } = JSON.parse(script('ship.mjs', folder));
  return { folder, build };
}

/** A connection that divides its bytes evenly among the responses that are under way. */
function slowLine({ bytesPerSecond, latencyMs }, sent) {
  let limit = bytesPerSecond;
  const active = new Set();
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const credit = ((now - last) / 1000) * limit;
    last = now;
    for (const transfer of [...active]) {
      const { name, body, response } = transfer;
      const part = body.subarray(transfer.at, transfer.at + Math.ceil(credit / active.size));
      transfer.at += part.length;
      sent[name] = (sent[name] ?? 0) + part.length;
      response.write(part);
      if (transfer.at < body.length && !response.destroyed) continue;
      response.end();
      active.delete(transfer);
    }
  }, 5);
  return {
    send: (name, body, response) => setTimeout(() => active.add({ name, body, response, at: 0 }), latencyMs),
    limit: (value) => (limit = value),
    close: () => clearInterval(timer),
  };
}

/**
 * Serves `folder` under the path `base`, say `/some/course/`, on a free port. `pages` are files that exist
 * only here. `gzip` compresses every file, as web hosts do; `headers` are sent with every file. `line` is a slow connection,
 * `{ bytesPerSecond, latencyMs }`, that all requests share, those of workers and of the service worker among them.
 */
export async function serve({ folder = dist, base = '/', pages = {}, gzip = false, headers: more = {}, line } = {}) {
  /** Compressed files by name. */
  const packed = new Map();
  const site = {
    url: '',
    /** The paths requested so far, relative to the base. */
    requests: [],
    /** The bytes sent so far over a slow line, by name. */
    sent: {},
    /** name -> promise: the file is held back until the promise is fulfilled. */
    holds: new Map(),
    /** name -> function from the file's text to the text that is sent. */
    rewrites: new Map(),
    /** Names of files of which only the first half is sent, while the connection stays open. */
    stalls: new Set(),
    /** name -> the content type that is sent with the file. */
    kinds: new Map(),
    pages,
    /** The folder that is served; assigning another one publishes a new version. */
    folder,
    /** True if the server drops every connection. */
    down: false,
    /** Lifts the limit of the slow line, and sets it again. */
    speedUp: () => slow?.limit(Infinity),
    slowDown: () => slow?.limit(line.bytesPerSecond),
    close: () => new Promise((resolve) => (slow?.close(), server.close(resolve), server.closeAllConnections())),
  };
  const slow = line && slowLine(line, site.sent);
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://host').pathname);
    const name = path.startsWith(base) ? path.slice(base.length) || 'index.html' : undefined;
    if (site.down) return request.socket.destroy();
    site.requests.push(name ?? path);
    const headers = { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'no-store', ...more };
    try {
      if (name === undefined || normalize(name).startsWith('..')) throw new Error('outside');
      await site.holds.get(name);
      let body = site.pages[name] ?? (await readFile(join(site.folder, name)));
      const rewrite = site.rewrites.get(name);
      if (rewrite) body = rewrite(body.toString());
      headers['Content-Type'] = site.kinds.get(name) ?? types[extname(name)] ?? 'application/octet-stream';
      if (gzip) {
        if (!packed.has(name)) packed.set(name, gzipSync(body, { level: 9 }));
        body = packed.get(name);
        headers['Content-Encoding'] = 'gzip';
      }
      headers['Content-Length'] = Buffer.byteLength(body);
      response.writeHead(200, headers);
      if (site.stalls.has(name)) return response.write(body.subarray(0, body.length / 2));
      if (slow) slow.send(name, Buffer.from(body), response);
      else response.end(body);
    } catch {
      response.writeHead(404, { ...headers, 'Content-Type': 'text/plain' }).end('There is no such file.');
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  site.url = `http://127.0.0.1:${server.address().port}${base}`;
  origins.add(new URL(site.url).origin);
  return site;
}
