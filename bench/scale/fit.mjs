// Exponents of power laws.

/** Returns the exponent `k` of `y = c x^k` by least squares on logarithms; undefined with fewer than two points. */
export function exponent(points) {
  const logs = points.filter(([x, y]) => x > 0 && y > 0).map(([x, y]) => [Math.log(x), Math.log(y)]);
  if (logs.length < 2) return undefined;
  const mean = (i) => logs.reduce((sum, point) => sum + point[i], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const slope = logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  return Number.isFinite(slope) ? slope : undefined;
}

/** Returns the larger half of the sizes, at least two of them, at which fixed costs matter least. */
export const largerHalf = (points) => [...points].sort(([a], [b]) => a - b).slice(-Math.max(2, Math.ceil(points.length / 2)));

/** Returns the exponent over the larger half. */
export const fitted = (points) => exponent(largerHalf(points));
