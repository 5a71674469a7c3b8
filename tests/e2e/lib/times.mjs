// A reporter for node's test runner: the seconds that each file took, from its first test's start to its last one's end, and
// whether one of its tests failed.

import { basename } from 'node:path';

export default async function* times(events) {
  const seconds = new Map();
  const failed = new Set();
  for await (const { type, data } of events) {
    const ended = type === 'test:pass' || type === 'test:fail';
    if (!ended || data.nesting !== 0 || !data.file) continue;
    const file = basename(data.file);
    if (type === 'test:fail') failed.add(file);
    seconds.set(file, (seconds.get(file) ?? 0) + data.details.duration_ms / 1000);
  }
  for (const [file, took] of [...seconds].sort((a, b) => b[1] - a[1])) yield `${took.toFixed(0)} ${file}${failed.has(file) ? ' failed' : ''}\n`;
}
