#!/bin/sh
# Write requirements/*.lock from requirements/*.in: every version pinned, every file by its hash.
set -eu
cd "$(dirname "$0")/../"
uv=$(command -v uv || echo .venv/bin/uv)
for name in base dev functions redis; do
    "$uv" pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --python-version 3.12 --universal \
        "requirements/$name.in" -o "requirements/$name.lock"
done
