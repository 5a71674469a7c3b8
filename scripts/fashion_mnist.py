#!/usr/bin/env python3
"""Writes static/data/fashion-mnist.bin, a small balanced subset of Fashion-MNIST.

    python3 scripts/fashion_mnist.py [FOLDER_WITH_THE_IDX_FILES] [OUTPUT]

The folder contains the data set's four original files (train-images-idx3-ubyte.gz and so on), as installed by Debian's package
dataset-fashion-mnist. The same files always result in the same output, byte for byte, with the same version of zlib.
static/data/README.md describes the format. Only the standard library is required.
"""

import gzip
import struct
import sys
import zlib
from pathlib import Path

MAGIC = b"NNLABIMG"
VERSION = 1
N_CLASSES = 10
TRAIN_PER_CLASS = 1000
TEST_PER_CLASS = 200
FILTER_UP = 1  # each row is stored as its difference from the row above
QUANT_SHIFT = 2  # 256 gray levels become 64

REPO = Path(__file__).resolve().parent.parent


def read_idx(path, n_dims):
    """Returns the dimensions and the content of an IDX file of bytes."""
    raw = gzip.decompress(path.read_bytes())
    zero, kind, dims = struct.unpack(">HBB", raw[:4])
    if (zero, kind, dims) != (0, 8, n_dims):
        sys.exit(f"{path}: expected an IDX file of bytes with {n_dims} dimensions")
    shape = struct.unpack(f">{n_dims}I", raw[4 : 4 + 4 * n_dims])
    return shape, raw[4 + 4 * n_dims :]


def pick(labels, per_class):
    """Returns the first `per_class` images of each class in file order, interleaved: class 0, 1, ..., 9, 0, 1, ..."""
    by_class = [[] for _ in range(N_CLASSES)]
    for index, label in enumerate(labels):
        if len(by_class[label]) < per_class:
            by_class[label].append(index)
    return [by_class[label][rank] for rank in range(per_class) for label in range(N_CLASSES)]


def quantize(pixels):
    top = 255 >> QUANT_SHIFT
    half = (1 << QUANT_SHIFT) >> 1
    return pixels.translate(bytes(min(top, (value + half) >> QUANT_SHIFT) for value in range(256)))


def filter_up(image, width):
    head, rest = image[:width], image[width:]
    return head + bytes((here - above) & 255 for here, above in zip(rest, image))


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist")
    output = Path(sys.argv[2]) if len(sys.argv) > 2 else REPO / "static/data/fashion-mnist.bin"

    labels_out, images_out, shape = bytearray(), bytearray(), None
    for prefix, per_class in (("train", TRAIN_PER_CLASS), ("t10k", TEST_PER_CLASS)):
        try:
            (n_labels,), labels = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", 1)
            (n_images, height, width), pixels = read_idx(folder / f"{prefix}-images-idx3-ubyte.gz", 3)
        except FileNotFoundError as error:
            sys.exit(
                f"{error.filename} is missing. Install the package dataset-fashion-mnist, "
                "or put the data set's four .gz files into a folder and pass that folder."
            )
        if n_labels != n_images:
            sys.exit(f"{prefix}: {n_labels} labels, but {n_images} images")
        shape = (height, width)
        size = height * width
        for index in pick(labels, per_class):
            labels_out.append(labels[index])
            images_out += filter_up(quantize(pixels[index * size : (index + 1) * size]), width)

    payload = bytes(labels_out + images_out)
    # Z_FILTERED suits differences, which have many small values and few repeats.
    packer = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_FILTERED)
    header = struct.pack(
        "<8s9I",
        MAGIC,
        VERSION,
        N_CLASSES * TRAIN_PER_CLASS,
        N_CLASSES * TEST_PER_CLASS,
        *shape,
        1,
        N_CLASSES,
        FILTER_UP,
        QUANT_SHIFT,
    )
    packed = header + packer.compress(payload) + packer.flush() + struct.pack("<I", zlib.crc32(payload))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(packed)
    print(f"{output.name}: {len(labels_out)} images, {len(packed)} bytes ({len(payload)} unpacked)")


if __name__ == "__main__":
    main()
