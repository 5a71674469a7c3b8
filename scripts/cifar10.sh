#!/usr/bin/env bash
# Fetches CIFAR-10's binary version from its author, checks it, and lays its files where the page's build finds them.
# They are never committed: .gitignore names the folder.
#
#   ./lab data cifar10            download (170 MB)
#   ./lab data cifar10 ARCHIVE    take an archive that is here already
#
# NN_LAB_CIFAR10_URL names another place to download the same archive from, say a mirror.
set -euo pipefail
source scripts/tools.sh

page=https://www.cs.toronto.edu/~kriz/cifar.html
url=${NN_LAB_CIFAR10_URL:-https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz}
# Published on that page.
md5=c32a1d4ab5d03f1284b67883e8d87530
# As the page asks for the files: five of 10,000 training images, one of as many test images.
files=(data_batch_{1,2,3,4,5}.bin test_batch.bin)
bytes=30730000
folder=static/data/cifar10

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

archive=${1:-}
if [[ -z $archive ]]; then
    archive=$work/cifar-10-binary.tar.gz
    say "downloading $url (170 MB)"
    curl --fail --location --show-error --silent --connect-timeout 20 --retry 2 --output "$archive" "$url" ||
        fail "The download failed. Get cifar-10-binary.tar.gz from $page by other means, then: ./lab data cifar10 PATH/TO/cifar-10-binary.tar.gz"
fi
[[ -f $archive ]] || fail "There is no file $archive."

found=$(md5sum <"$archive" | cut -d' ' -f1)
[[ $found == "$md5" ]] ||
    fail "$archive is not the archive that $page describes: its MD5 should be $md5 and is $found ($(stat -c %s "$archive") bytes). Nothing was changed."

tar --extract --gzip --file "$archive" --directory "$work" "${files[@]/#/cifar-10-batches-bin/}"
for file in "${files[@]}"; do
    size=$(stat -c %s "$work/cifar-10-batches-bin/$file")
    [[ $size == "$bytes" ]] || fail "$file should have $bytes bytes and has $size. Nothing was changed."
done
mkdir -p "$folder"
for file in "${files[@]}"; do mv "$work/cifar-10-batches-bin/$file" "$folder/$file"; done
say "60,000 images are in $folder/; ./lab serve and ./lab build pick them up (184 MB: leave them out of a site for many)"
