// The output of benchmarks: one JSON object per line, with the ratios to an earlier run.

import { readFileSync } from 'node:fs';

/** Returns the word after an option, such as `--against FILE`, or undefined. */
export function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** The lines of an earlier run to compare with: `--against FILE`. */
const against = option('--against')
  ? readFileSync(option('--against'), 'utf8').split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  : [];
const names = ['bench', 'when', 'section', 'chapter', 'run', 'net', 'device', 'file'];

/** Prints one line, and the ratios of its numbers to the same numbers of the earlier run. */
export function print(bench, values) {
  const line = { bench, ...values };
  console.log(JSON.stringify(line));
  const before = against.find((other) => names.every((name) => other[name] === line[name]));
  if (!before) return;
  const ratios = Object.entries(line).filter(([key, value]) => !names.includes(key) && typeof value === 'number' && typeof before[key] === 'number' && before[key] !== 0);
  const label = names.slice(1).map((name) => line[name]).filter((part) => part !== undefined);
  console.log(`# ${bench} ${label.join(', ')}: ${ratios.map(([key, value]) => `${key} x ${(value / before[key]).toFixed(2)}`).join(', ')}`);
}
