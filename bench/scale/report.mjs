// The table and the chart of the measurements.

const digits = (number) => (number === undefined ? '–' : number >= 100 ? number.toFixed(0) : number.toPrecision(2));
const exponent = (value) => (value === undefined ? '–' : value.toFixed(2));

/** Returns a Markdown table with one row per sweep. */
export function table(rows) {
  const head = ['Network', 'Varied', 'Device', 'ms per step', 'Exponent of time', 'of the operations', 'of PyTorch’s time', 'Memory, MB'];
  const lines = rows.map(({ name, setting, with: rest, device, points, measured, theory, torch }) => {
    const first = points[0];
    const last = points.at(-1);
    const range = (of) => (first ? `${of(first)} – ${of(last)}` : '–');
    return [
      `${name}${rest ? ` (${rest})` : ''}`,
      first ? `${setting} ${first.size} – ${last.size}` : setting,
      device === 'cpu' ? 'CPU' : 'WebGPU',
      range(({ ms }) => digits(ms)),
      exponent(measured),
      exponent(theory),
      exponent(torch),
      range(({ memory }) => Math.round(memory / 1e6)),
    ];
  });
  const align = head.map((_, i) => (i > 2 ? '---:' : '---'));
  const line = (columns) => `| ${columns.join(' | ')} |`;
  return [line(head), `|${align.join('|')}|`, ...lines.map(line)].join('\n');
}

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');

/** Returns an SVG with one small chart per sweep: the time of a step over the size, both axes logarithmic, and the line of the operations. */
export function picture(rows, words) {
  const drawn = rows.filter(({ points }) => points.length > 1);
  const [columns, cell, high, left, top] = [4, 210, 170, 40, 58];
  const [width, height] = [columns * cell + 20, top + Math.ceil(drawn.length / columns) * high + 34];
  const parts = drawn.map(({ name, setting, points, measured, theory }, index) => {
    const [x0, y0] = [10 + (index % columns) * cell, top + Math.floor(index / columns) * high];
    const [w, h] = [cell - left - 22, high - 74];
    // A line with the slope of the operations that ends at the last point.
    const last = points.at(-1);
    const predicted = points.map(({ size, flops }) => [size, (last.ms * flops) / last.flops]);
    const all = [...points.flatMap(({ ms, torch_ms }) => [ms, torch_ms]), ...predicted.map(([, ms]) => ms)].filter(Boolean);
    const [low, upper] = [Math.min(...all), Math.max(...all)].map(Math.log);
    const [from, to] = [points[0].size, last.size].map(Math.log);
    const x = (size) => (x0 + left + ((Math.log(size) - from) / (to - from)) * w).toFixed(1);
    const y = (ms) => (y0 + 34 + h - ((Math.log(ms) - low) / Math.max(upper - low, 1e-9)) * h).toFixed(1);
    const path = (list) => list.map(([size, ms], i) => `${i ? 'L' : 'M'}${x(size)} ${y(ms)}`).join('');
    const ours = points.map(({ size, ms }) => [size, ms]);
    const theirs = points.filter(({ torch_ms }) => torch_ms).map(({ size, torch_ms }) => [size, torch_ms]);
    return [
      `<text x="${x0 + left}" y="${y0 + 10}">${escape(name)}</text>`,
      `<text class="small" x="${x0 + left}" y="${y0 + 25}">${escape(setting)}: ${exponent(measured)}, operations ${exponent(theory)}</text>`,
      `<rect class="frame" x="${x0 + left}" y="${y0 + 34}" width="${w}" height="${h}"/>`,
      `<path class="theory" d="${path(predicted)}"/>`,
      ...(theirs.length > 1 ? [`<path class="torch" d="${path(theirs)}"/>`] : []),
      `<path class="lab" d="${path(ours)}"/>`,
      ...ours.map(([size, ms]) => `<circle class="lab" cx="${x(size)}" cy="${y(ms)}" r="2.5"/>`),
      ...[points[0], last].map(({ size }, i) => `<text class="small" x="${x(size)}" y="${y0 + h + 48}" text-anchor="${i ? 'end' : 'start'}">${size}</text>`),
      ...[Math.exp(low), Math.exp(upper)].map((ms) => `<text class="small" x="${x0 + left - 4}" y="${Number(y(ms)) + 4}" text-anchor="end">${digits(ms)}</text>`),
    ].join('\n');
  });
  const sentence = drawn.map(({ name, setting, measured, theory }) => `${name}, ${setting}: exponent ${exponent(measured)}, operations ${exponent(theory)}`).join('. ');
  const entry = (at, kind, text) => `<path class="${kind}" d="M${at} 24h26"/><text x="${at + 32}" y="28">${text}</text>`;
  const hasTorch = drawn.some(({ torch }) => torch !== undefined);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">
<title id="title">Milliseconds per training step over the size of the network</title>
<desc id="desc">${escape(sentence)}. ${escape(words)}</desc>
<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .small { font-size: 11px; }
  .back { fill: #ffffff; }
  .frame { fill: none; stroke: #d0d7de; }
  path { fill: none; stroke-width: 1.8; }
  .lab { stroke: #0969da; }
  circle.lab { fill: #0969da; }
  .torch { stroke: #c2570c; }
  .theory { stroke: #6e7781; stroke-dasharray: 4 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .back { fill: #0d1117; }
    .frame { stroke: #30363d; }
    .lab { stroke: #58a6ff; }
    circle.lab { fill: #58a6ff; }
    .torch { stroke: #f0883e; }
    .theory { stroke: #8b949e; }
  }
</style>
<rect class="back" width="${width}" height="${height}"/>
${entry(50, 'lab', 'lab, CPU')}
${entry(170, 'theory', 'slope of the operations')}
${hasTorch ? entry(380, 'torch', 'PyTorch, one thread') : ''}
${parts.join('\n')}
<text class="small" x="50" y="${height - 10}">Milliseconds per step over the size; both axes are logarithmic. The numbers are exponents over the larger half of the sizes.</text>
</svg>
`;
}
