// A static server for the built site: what any dull web host does, plus what the tests need: holding a file
// back, changing it on the way, going away.

import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Where the built site lies: NN_LAB_DIST, else dist/. */
export const dist = process.env.NN_LAB_DIST ?? join(root, 'dist');
/** Where pictures and other artefacts go. */
export const artefacts = join(root, 'target/e2e');

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

/** The origins that tests have served so far. */
export const origins = new Set();

/** Runs a file of scripts/ with node or Python, and returns its output. */
export const script = (name, ...words) => execFileSync(name.endsWith('.py') ? 'python3' : process.execPath, [join(root, 'scripts', name), ...words], { encoding: 'utf8', stdio: 'pipe' });

/** The built site, shipped into a folder of its own; `change` makes another version of it. The caller removes the folder. */
export function ship(name, change = () => {}) {
  const folder = join(artefacts, `shipped-${name}`);
  rmSync(folder, { recursive: true, force: true });
  cpSync(dist, folder, { recursive: true, filter: (path) => !/\.(br|gz)$/.test(path) });
  change(folder);
  const { build } = JSON.parse(script('ship.mjs', folder));
  return { folder, build };
}

/** Serves `folder` below `base`, say `/some/course/`, on a free port. `pages` are files that exist only here. */
export async function serve({ folder = dist, base = '/', pages = {} } = {}) {
  const site = {
    url: '',
    /** The paths asked for so far, relative to the base. */
    requests: [],
    /** name -> promise: the file is held back until it is fulfilled. */
    holds: new Map(),
    /** name -> function from text to text. */
    rewrites: new Map(),
    /** Names of files of which half is sent, and then nothing more. */
    stalls: new Set(),
    /** name -> type: what the server takes the file for. */
    kinds: new Map(),
    pages,
    /** What is served; another folder is a new version. */
    folder,
    /** Nobody answers any more. */
    down: false,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://host').pathname);
    const name = path.startsWith(base) ? path.slice(base.length) || 'index.html' : undefined;
    if (site.down) return request.socket.destroy();
    site.requests.push(name ?? path);
    const headers = { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'no-store' };
    try {
      if (name === undefined || normalize(name).startsWith('..')) throw new Error('outside');
      await site.holds.get(name);
      let body = site.pages[name] ?? (await readFile(join(site.folder, name)));
      const rewrite = site.rewrites.get(name);
      if (rewrite) body = rewrite(body.toString());
      headers['Content-Type'] = site.kinds.get(name) ?? types[extname(name)] ?? 'application/octet-stream';
      headers['Content-Length'] = Buffer.byteLength(body);
      response.writeHead(200, headers);
      if (site.stalls.has(name)) return response.write(body.subarray(0, body.length / 2));
      response.end(body);
    } catch {
      response.writeHead(404, { ...headers, 'Content-Type': 'text/plain' }).end('There is no such file.');
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  site.url = `http://127.0.0.1:${server.address().port}${base}`;
  origins.add(new URL(site.url).origin);
  return site;
}
