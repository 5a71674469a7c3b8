/** Returns the median; of an even count, the larger of the two middle values. */
export const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
