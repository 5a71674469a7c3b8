// The table and the chart of the measurements.

import { median } from './median.mjs';

/**
 * Returns the ratio of another library's step time to the lab's. It is the median over rounds, because conditions on the
 * machine are similar within a round. Undefined if one of the two was skipped.
 */
function ratioOf(row, name) {
  const rounds = Math.min(row.lab.times?.length ?? 0, row[name].times?.length ?? 0);
  return rounds ? median(row[name].times.slice(0, rounds).map((ms, round) => ms / row.lab.times[round])) : undefined;
}

/** Returns a ratio in words. */
function inWords(name, ratio) {
  if (ratio >= 1.05) return `${digits(ratio)}× as fast as ${name}`;
  if (ratio <= 1 / 1.05) return `**slower** than ${name}: ${digits(1 / ratio)}× its time`;
  return `equal to ${name}`;
}

const digits = (number) => (number >= 100 ? number.toFixed(0) : number.toPrecision(2));
const ms = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** Returns a Markdown table. `rows` have `workload`, `device`, `lab` and one entry per library, each `{ ms, times }` or `{ skipped: reason }`. */
export function table(rows, peers) {
  const head = ['Workload', 'Device', 'lab, ms', ...peers.flatMap(({ name }) => [`${name}, ms`, `${name} / lab`]), 'The lab is'];
  const cell = (entry) => (entry.ms ? ms(entry.ms) : `skipped: ${entry.skipped}`);
  const lines = rows.map((row) => {
    const ratios = peers.map(({ name }) => ratioOf(row, name));
    const words = peers.flatMap(({ name }, i) => (ratios[i] ? [inWords(name, ratios[i])] : []));
    const columns = peers.flatMap(({ name }, i) => [cell(row[name]), ratios[i] ? digits(ratios[i]) : '–']);
    return [row.workload, row.device, cell(row.lab), ...columns, words.join('; ') || '–'];
  });
  const align = head.map((_, i) => (i > 1 && i < head.length - 1 ? '---:' : '---'));
  const line = (columns) => `| ${columns.join(' | ')} |`;
  return [line(head), `|${align.join('|')}|`, ...lines.map(line)].join('\n');
}

/** Returns what a reader has to know about the table. */
export function notes(peers) {
  return `${peers.map(({ name, version }) => `${name} ${version}`).join(', ')}.

- Libraries alternate in rounds. A time is the median over rounds of the median of single training steps: a new batch, forward and backward pass, and optimizer, until the loss has been read. Compilation and the first steps are excluded. A ratio is the median over rounds; below 1 the lab is slower.
- Every network has the same layers, parameters, loss and optimizer in all three libraries, and each has to reduce its loss on a batch before it is timed.
- Each uses one thread: the page is not cross-origin isolated, as pages that embed the lab usually are not. With isolation, both other libraries can use more threads on the CPU.
- TensorFlow.js on the CPU is its wasm backend. That backend has no gradient with respect to a convolution's weights; here it is implemented as another convolution, and as products and sums for depthwise convolutions.
- jax-js on the CPU is its wasm backend. Its own convolution was several times slower there than the same sum as one matrix product, so the product is measured. Its optimizers are not published as a package and are implemented here. Tracing and compiling 200 time steps takes 10 to 40 s, which are not counted.
- The lab's RNN and LSTM implement backpropagation through time explicitly; the other libraries use automatic differentiation.`;
}

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');

/** Returns an SVG bar chart of the ratios on a logarithmic axis: right of 1 the other library takes longer, left of 1 the lab does. */
export function picture(rows, peers, words) {
  const bars = rows.flatMap((row) => {
    const measured = peers.map(({ name }) => ({ name, ratio: ratioOf(row, name) })).filter(({ ratio }) => ratio);
    return measured.length ? [{ workload: row.workload, device: row.device, measured }] : [];
  });
  const [left, right, barHeight, gap, top, bottom] = [320, 50, 13, 14, 64, 54];
  const groupHeight = peers.length * (barHeight + 2) + gap;
  const [width, height] = [860, top + bars.length * groupHeight + bottom];
  const logs = bars.flatMap(({ measured }) => measured.map(({ ratio }) => Math.log10(ratio)));
  const low = Math.min(-0.5, Math.floor(2 * Math.min(0, ...logs)) / 2);
  const high = Math.max(0.5, Math.ceil(2 * Math.max(0, ...logs)) / 2);
  const x = (ratio) => left + ((Math.log10(ratio) - low) / (high - low)) * (width - left - right);
  const parts = [];
  for (const tick of [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500].filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high)) {
    parts.push(`<line class="${tick === 1 ? 'one' : 'tick'}" x1="${x(tick)}" x2="${x(tick)}" y1="${top - 6}" y2="${height - bottom}"/>`);
    parts.push(`<text class="small" x="${x(tick)}" y="${height - bottom + 16}" text-anchor="middle">${tick}</text>`);
  }
  bars.forEach(({ workload, device, measured }, group) => {
    const y = top + group * groupHeight;
    parts.push(`<text x="${left - 12}" y="${y + 12}" text-anchor="end">${escape(workload)}</text>`);
    parts.push(`<text class="small" x="${left - 12}" y="${y + 26}" text-anchor="end">${escape(device)}</text>`);
    measured.forEach(({ name, ratio }) => {
      const index = peers.findIndex((peer) => peer.name === name);
      const [from, to] = [Math.min(1, ratio), Math.max(1, ratio)].map(x);
      const at = y + index * (barHeight + 2);
      parts.push(`<rect class="peer${index}" x="${from.toFixed(1)}" y="${at}" width="${Math.max(1, to - from).toFixed(1)}" height="${barHeight}"/>`);
      const end = ratio >= 1 ? `x="${(to + 4).toFixed(1)}"` : `x="${(from - 4).toFixed(1)}" text-anchor="end"`;
      parts.push(`<text class="small" ${end} y="${at + barHeight - 3}">${digits(ratio)}</text>`);
    });
  });
  const legend = peers.map(({ name }, i) => `<rect class="peer${i}" x="${left + i * 140}" y="14" width="12" height="12"/><text x="${left + 18 + i * 140}" y="24">${escape(name)}</text>`);
  const sentence = bars.map(({ workload, device, measured }) => `${workload}, ${device}: ${measured.map(({ name, ratio }) => `${name} ${digits(ratio)}`).join(', ')}`).join('. ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">
<title id="title">Time of a training step, other library divided by lab</title>
<desc id="desc">${escape(sentence)}. ${escape(words)}</desc>
<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .small { font-size: 11px; }
  .back { fill: #ffffff; }
  .tick { stroke: #d0d7de; }
  .one { stroke: #1f2328; stroke-width: 1.5; }
  .peer0 { fill: #c2570c; }
  .peer1 { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .back { fill: #0d1117; }
    .tick { stroke: #30363d; }
    .one { stroke: #e6edf3; }
    .peer0 { fill: #f0883e; }
    .peer1 { fill: #58a6ff; }
  }
</style>
<rect class="back" width="${width}" height="${height}"/>
${legend.join('\n')}
<text class="small" x="${x(1) - 6}" y="${top - 14}" text-anchor="end">← lab slower</text>
<text class="small" x="${x(1) + 6}" y="${top - 14}">lab faster →</text>
${parts.join('\n')}
<text class="small" x="${left}" y="${height - 10}">Step time of the other library / step time of the lab, logarithmic axis.</text>
</svg>
`;
}
