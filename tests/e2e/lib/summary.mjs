// A reporter that writes what scripts/test.sh adds up, to the file that NN_LAB_SUMMARY names: one line per
// number of passed and failed tests, per flaky test, and per file with the seconds that it took.

import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';

export default class Summary {
  onBegin(config, suite) {
    this.suite = suite;
  }

  onEnd() {
    const path = process.env.NN_LAB_SUMMARY;
    if (!path) return;
    const counts = { expected: 0, unexpected: 0, flaky: 0, skipped: 0 };
    const flaky = [];
    const seconds = new Map();
    for (const test of this.suite.allTests()) {
      const file = basename(test.location.file, '.test.mjs');
      const outcome = test.outcome();
      counts[outcome] += 1;
      if (outcome === 'flaky') flaky.push(`${file}: ${test.title}`);
      const took = test.results.reduce((total, { duration }) => total + duration / 1000, 0);
      seconds.set(file, (seconds.get(file) ?? 0) + took);
    }
    const times = [...seconds].sort((a, b) => b[1] - a[1]);
    const lines = [
      `passed ${counts.expected + counts.flaky}`,
      `failed ${counts.unexpected}`,
      ...flaky.map((name) => `flaky ${name}`),
      ...times.map(([file, took]) => `seconds ${took.toFixed(0)} ${file}`),
    ];
    writeFileSync(path, `${lines.join('\n')}\n`);
  }

  printsToStdio() {
    return false;
  }
}
