// Writes a .br and a .gz next to every file of a folder that compression makes smaller, and prints the sizes,
// one JSON object per line.

import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const { BROTLI_PARAM_LGWIN, BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
const folder = process.argv[2] ?? 'dist';

for (const name of readdirSync(folder, { recursive: true }).sort()) {
  const path = join(folder, name);
  if (!statSync(path).isFile()) continue;
  if (/\.(br|gz)$/.test(name)) {
    rmSync(path);
    continue;
  }
  const raw = readFileSync(path);
  const brotli = brotliCompressSync(raw, {
    params: { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 22, [BROTLI_PARAM_SIZE_HINT]: raw.length },
  });
  const gzip = gzipSync(raw, { level: 9 });
  const worthwhile = brotli.length < 0.9 * raw.length;
  if (worthwhile) {
    writeFileSync(`${path}.br`, brotli);
    writeFileSync(`${path}.gz`, gzip);
  }
  console.log(JSON.stringify({ file: name, raw: raw.length, gzip: worthwhile ? gzip.length : null, brotli: worthwhile ? brotli.length : null }));
}
