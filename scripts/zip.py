#!/usr/bin/env python3
"""Packs a folder into one zip file, with index.html at its top, for hosts that take a site as one file.

    python3 scripts/zip.py FOLDER FILE

Precompressed copies are left out, because not every host can serve them. The same site gives the same file: every entry
has the earliest time that a zip file can store.
"""

import json
import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

folder, target = map(Path, sys.argv[1:])
paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".br", ".gz"))
with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=9) as archive:
    for path in paths:
        # A ZipInfo without a time is of January 1, 1980.
        archive.writestr(ZipInfo(path.relative_to(folder).as_posix()), path.read_bytes(), ZIP_DEFLATED)
print(json.dumps({"file": str(target), "bytes": target.stat().st_size, "files": len(paths)}))
