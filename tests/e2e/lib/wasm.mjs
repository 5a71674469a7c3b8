// A reader of the wasm binary format, for the first instruction of each exported function.

/**
 * Returns the exported functions, `{ name, firstCall }`: the function whose call is the first instruction, if
 * there is one.
 */
export function exportedFunctions(bytes) {
  let at = 8;
  const byte = () => bytes[at++];
  const number = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const part = byte();
      value += (part & 127) * shift;
      if (part < 128) return value;
    }
  };
  const text = () => {
    const length = number();
    at += length;
    return new TextDecoder().decode(bytes.subarray(at - length, at));
  };
  const limits = () => {
    const kind = byte();
    number();
    if (kind & 1) number();
  };

  let imported = 0;
  let exported = [];
  const bodies = [];
  while (at < bytes.length) {
    const id = byte();
    const size = number();
    const end = at + size;
    if (id === 2) {
      for (let count = number(); count > 0; count--) {
        text();
        text();
        const kind = byte();
        if (kind === 0) imported++, number();
        else if (kind === 1) byte(), limits();
        else if (kind === 2) limits();
        else if (kind === 3) byte(), byte();
        else byte(), number();
      }
    } else if (id === 7) {
      for (let count = number(); count > 0; count--) {
        const entry = { name: text(), kind: byte(), index: number() };
        if (entry.kind === 0) exported.push(entry);
      }
    } else if (id === 10) {
      for (let count = number(); count > 0; count--) {
        const length = number();
        bodies.push(at);
        at += length;
      }
    }
    at = end;
  }

  return exported.map(({ name, index }) => {
    at = bodies[index - imported];
    if (at === undefined) return { name, firstCall: undefined };
    for (let groups = number(); groups > 0; groups--) number(), byte();
    return { name, firstCall: byte() === 0x10 ? number() : undefined };
  });
}

/**
 * Returns the largest number of exported functions that start with the same call, as only the linker's
 * wrappers do.
 */
export function wrappedExports(bytes) {
  const counts = new Map();
  for (const { firstCall } of exportedFunctions(bytes)) {
    if (firstCall !== undefined) counts.set(firstCall, (counts.get(firstCall) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
}

/** Returns the module with its memory limited to `max` bytes. */
export function withMaxMemory(bytes, max) {
  const leb = (value) => {
    const out = [];
    do {
      out.push((value & 127) | (value > 127 ? 128 : 0));
      value = Math.floor(value / 128);
    } while (value > 0);
    return out;
  };
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const part = bytes[at++];
      value += (part & 127) * shift;
      if (part < 128) return value;
    }
  };
  while (at < bytes.length) {
    const begin = at;
    const id = bytes[at++];
    const size = number();
    const end = at + size;
    if (id === 5) {
      // One memory: flags, the minimum number of pages of 64 KiB, and optionally the maximum.
      if (number() !== 1) throw new Error('one memory was expected');
      number();
      const min = number();
      const limits = [1, ...leb(min), ...leb(Math.max(min, Math.ceil(max / 65536)))];
      const body = [1, ...limits];
      return Buffer.concat([bytes.subarray(0, begin), Buffer.from([5, ...leb(body.length), ...body]), bytes.subarray(end)]);
    }
    at = end;
  }
  throw new Error('this module has no memory of its own');
}
