// Packs a folder into one zip file, with index.html at its top, for hosts that take a site as one file. Precompressed
// copies are left out: not every host knows what to do with them. Usage: node scripts/zip.mjs FOLDER FILE

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { deflateRawSync } from 'node:zlib';

const [folder, target] = process.argv.slice(2);
const table = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255];
  return ~crc >>> 0;
}

/** Numbers of two (u) and four (U) bytes, little end first. */
const pack = (form, ...values) => {
  const bytes = Buffer.alloc([...form].reduce((sum, letter) => sum + (letter === 'U' ? 4 : 2), 0));
  let at = 0;
  [...form].forEach((letter, index) => (at = letter === 'U' ? bytes.writeUInt32LE(values[index], at) : bytes.writeUInt16LE(values[index], at)));
  return bytes;
};

const DEFLATE = 8;
const UTF8_NAMES = 0x0800;
// The same site gives the same file: every entry is of the first moment that a zip can tell.
const [TIME, DATE] = [0, (1 << 5) | 1];

const bodies = [];
const directory = [];
let offset = 0;
for (const path of readdirSync(folder, { recursive: true }).sort()) {
  if (!statSync(join(folder, path)).isFile() || /\.(br|gz)$/.test(path)) continue;
  const name = Buffer.from(path.split(sep).join('/'));
  const raw = readFileSync(join(folder, path));
  const packed = deflateRawSync(raw, { level: 9 });
  const common = pack('uuuuuUUUuu', 20, UTF8_NAMES, DEFLATE, TIME, DATE, crc32(raw), packed.length, raw.length, name.length, 0);
  const local = Buffer.concat([pack('U', 0x04034b50), common, name, packed]);
  directory.push(Buffer.concat([pack('Uu', 0x02014b50, 20), common, pack('uuuUU', 0, 0, 0, 0, offset), name]));
  bodies.push(local);
  offset += local.length;
}
const index = Buffer.concat(directory);
const end = pack('UuuuuUUu', 0x06054b50, 0, 0, directory.length, directory.length, index.length, offset, 0);
writeFileSync(target, Buffer.concat([...bodies, index, end]));
console.log(JSON.stringify({ file: target, bytes: offset + index.length + end.length, files: directory.length }));
