#!/bin/sh
# Write requirements/*.lock from requirements/*.in: every version pinned, every file by its hash.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .venv/bin/uv)

pin() { # name, options…
    name=$1
    shift
    "$uv" pip compile --quiet --upgrade --generate-hashes --no-emit-index-url "$@" \
        "requirements/$name.in" -o "requirements/$name.lock"
}

for name in base dev functions redis; do
    pin "$name" --python-version 3.12 --universal
done
pin functions39 --python-version 3.9 # not universal: it is installed for 3.9 by whichever Python there is
