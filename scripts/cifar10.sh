#!/usr/bin/env bash
# Downloads the binary version of CIFAR-10 from its author, checks it, and puts its files where the build of the page finds
# them. They are never committed: .gitignore lists the folder.
#
#   ./lab data cifar10            download (170 MB)
#   ./lab data cifar10 ARCHIVE    use an archive that you already have
#
# NN_LAB_CIFAR10_URL selects another source of the same archive, such as a mirror.
set -euo pipefail
source scripts/tools.sh

page=https://www.cs.toronto.edu/~kriz/cifar.html
url=${NN_LAB_CIFAR10_URL:-https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz}
# The checksum published on that page.
md5=c32a1d4ab5d03f1284b67883e8d87530
# The files that the page requests: five with 10,000 training images each, one with 10,000 test images.
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
[[ -f $archive ]] || fail "$archive does not exist."

found=$(md5sum <"$archive" | cut -d' ' -f1)
[[ $found == "$md5" ]] ||
    fail "$archive is not the archive that $page describes: its MD5 should be $md5, but is $found ($(stat -c %s "$archive") bytes). Nothing was changed."

tar --extract --gzip --file "$archive" --directory "$work" "${files[@]/#/cifar-10-batches-bin/}"
for file in "${files[@]}"; do
    size=$(stat -c %s "$work/cifar-10-batches-bin/$file")
    [[ $size == "$bytes" ]] || fail "$file should have $bytes bytes, but has $size. Nothing was changed."
done
mkdir -p "$folder"
for file in "${files[@]}"; do mv "$work/cifar-10-batches-bin/$file" "$folder/$file"; done
say "60,000 images are in $folder/; ./lab serve and ./lab build pick them up (184 MB; remove them before publishing a site for many visitors)"
