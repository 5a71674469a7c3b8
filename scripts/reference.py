#!/usr/bin/env python3
"""Packs the fixtures of the native tests into the one file that the page `#/verify` holds its device against.

    python3 scripts/reference.py [OUTPUT]

The fixtures themselves are made by tests/fixtures/make_*.py, with PyTorch, and by tests/first_losses.rs. The same fixtures
give the same bytes for one version of zlib; tests/verify.rs holds the content of the file to theirs.
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
# A visitor fetches it before anything is compared.
MOST_BYTES = 300_000


def main():
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else REPO / "static/data/reference.bin"
    fixtures = {path.name: json.loads(path.read_text()) for path in sorted(FIXTURES.glob("*.json"))}
    payload = json.dumps(fixtures, separators=(",", ":"), sort_keys=True).encode("ascii")
    packed = struct.pack("<8s2I", MAGIC, VERSION, len(payload)) + zlib.compress(payload, 9)
    packed += struct.pack("<I", zlib.crc32(payload))
    if len(packed) > MOST_BYTES:
        sys.exit(f"{output.name} would have {len(packed)} bytes, more than {MOST_BYTES}.")
    output.write_bytes(packed)
    print(f"{output.name}: {len(fixtures)} fixtures, {len(payload)} bytes of JSON, {len(packed)} bytes")


if __name__ == "__main__":
    main()
