#!/usr/bin/env python3
"""Packs the fixtures of the native tests into one file, with which the page `#/verify` compares the device.

    python3 scripts/reference.py [OUTPUT]

tests/fixtures/make_*.py compute the fixtures with PyTorch, and tests/first_losses.rs records the others. The same fixtures
result in the same bytes with the same version of zlib. tests/verify.rs checks that the file and the fixtures agree.
"""

import json
import struct
import sys
import zlib
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
FIXTURES = REPO / "tests/fixtures"
MAGIC = b"NNLABREF"
VERSION = 1
# A visitor downloads the file before anything is compared, so it has to stay small.
MAX_BYTES = 300_000


def main():
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else REPO / "static/data/reference.bin"
    fixtures = {path.name: json.loads(path.read_text()) for path in sorted(FIXTURES.glob("*.json"))}
    payload = json.dumps(fixtures, separators=(",", ":"), sort_keys=True).encode("ascii")
    packed = struct.pack("<8s2I", MAGIC, VERSION, len(payload)) + zlib.compress(payload, 9)
    packed += struct.pack("<I", zlib.crc32(payload))
    if len(packed) > MAX_BYTES:
        sys.exit(f"{output.name} would have {len(packed)} bytes, more than {MAX_BYTES}.")
    output.write_bytes(packed)
    print(f"{output.name}: {len(fixtures)} fixtures, {len(payload)} bytes of JSON, {len(packed)} bytes")


if __name__ == "__main__":
    main()
