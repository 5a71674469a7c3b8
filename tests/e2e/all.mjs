// Every browser test, in one process and with one browser, one after the other: two cores are enough.

import { readdirSync } from 'node:fs';

for (const file of readdirSync(new URL('.', import.meta.url)).sort()) {
  if (file.endsWith('.test.mjs')) await import(`./${file}`);
}
