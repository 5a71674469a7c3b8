// Prepares a site that Trunk has built for web hosts. Files whose content may change under the same name get
// a hash in their name, the page gets the list of these names, and a service worker caches the site for use
// without a network. Usage: node scripts/ship.mjs FOLDER

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Larger files, such as the worker with WebGPU, are cached only after their first use. */
const MAX_FIRST_BYTES = 16_000_000;
/** A name with a hash in it, from Trunk (which omits leading zeros) or from this script. */
const FIXED = /-[0-9a-f]{8,16}(_bg)?\.[a-z]+$/;

const folder = process.argv[2] ?? 'dist';
const source = (name) => readFileSync(fileURLToPath(new URL(`../static/offline/${name}`, import.meta.url)), 'utf8');
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const list = () =>
  readdirSync(folder, { recursive: true })
    .map((name) => name.split(sep).join('/'))
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();

const page = readFileSync(join(folder, 'index.html'), 'utf8');
if (page.includes('nn-lab-build')) throw new Error(`${folder} is shipped already; rebuild it first.`);
for (const name of list()) if (/\.(br|gz)$/.test(name)) rmSync(join(folder, name));

// Files that the page and its workers request by the names in the source.
const names = {};
for (const name of list()) {
  const { dir, name: stem, ext } = posix.parse(name);
  const requested = /^worker-[a-z]+(_bg)?\.(js|wasm)$/.test(name) || (name.startsWith('data/') && ext !== '.md') || /^(code|models)\//.test(name);
  if (!requested || FIXED.test(name)) continue;
  const hash = sha256(readFileSync(join(folder, name))).slice(0, 16);
  names[name] = posix.join(dir, `${stem}-${hash}${ext}`);
  renameSync(join(folder, name), join(folder, names[name]));
}

const script = source('page.js');
const scriptName = `offline-${sha256(script).slice(0, 16)}.js`;
writeFileSync(join(folder, scriptName), script);

const files = {};
for (const name of list()) {
  if (name === 'index.html' || name.endsWith('.md')) continue;
  const bytes = readFileSync(join(folder, name));
  files[name] = { sha256: sha256(bytes), fixed: FIXED.test(name), first: bytes.length <= MAX_FIRST_BYTES };
}
// The page shows the progress of these downloads, and a compressed answer does not tell the size of what is in it.
const sizes = Object.fromEntries(Object.keys(files).filter((name) => name.endsWith('.wasm')).map((name) => [name, statSync(join(folder, name)).size]));
const build = sha256(JSON.stringify([page, files])).slice(0, 16);

// In a script element, a "<" could end the element.
const json = JSON.stringify(names).replaceAll('<', '\\u003c');
const head = [
  `<meta name="nn-lab-build" content="${build}" />`,
  `<script type="application/json" id="nn-lab-files">${json}</script>`,
  `<script type="application/json" id="nn-lab-sizes">${JSON.stringify(sizes)}</script>`,
  `<script type="module" src="./${scriptName}"></script>`,
];
if (!page.includes('</head>')) throw new Error('index.html has no </head>.');
const shipped = page.replace('</head>', () => `${head.join('\n')}\n</head>`);
writeFileSync(join(folder, 'index.html'), shipped);
files['index.html'] = { sha256: sha256(shipped), fixed: false, first: true };

const worker = `const BUILD = ${JSON.stringify(build)};\nconst FILES = ${JSON.stringify(files)};\n${source('sw.js')}`;
writeFileSync(join(folder, 'sw.js'), worker);
console.log(JSON.stringify({ build, files: Object.keys(files).length, renamed: Object.keys(names).length }));
