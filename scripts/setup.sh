#!/bin/sh
# Find a Python the product runs on and hand over to scripts/setup.py. Usage: sh scripts/setup.sh {up|test}
set -eu
cd "$(dirname "$0")/.."

suits='import sys, ensurepip, sqlite3, ssl, venv; raise SystemExit(sys.version_info < (3, 12))'
pyenv="${PYENV_ROOT:-$HOME/.pyenv}"

for python in .venv/bin/python \
    python3.14 python3.13 python3.12 python3 \
    "$pyenv"/versions/3.14*/bin/python3 "$pyenv"/versions/3.13*/bin/python3 "$pyenv"/versions/3.12*/bin/python3 \
    "$HOME"/.local/share/uv/python/cpython-3.1[2-4]*/bin/python3 \
    /usr/local/bin/python3.1[2-4] /opt/homebrew/bin/python3.1[2-4] /usr/bin/python3.1[2-4]; do
    if command -v "$python" >/dev/null 2>&1 && "$python" -c "$suits" >/dev/null 2>&1; then
        exec "$python" scripts/setup.py "$@"
    fi
done

# Nothing suits. Name the command that mends it, as exactly as this machine lets us.
mend='install Python 3.12 or newer from your system, or: uv python install 3.13'
if command -v apt-cache >/dev/null 2>&1; then
    for version in 3.14 3.13 3.12; do
        if apt-cache show "python$version-venv" >/dev/null 2>&1; then
            mend="apt-get install python$version python$version-venv"
            break
        fi
    done
elif command -v dnf >/dev/null 2>&1; then
    mend='dnf install python3.13'
elif command -v brew >/dev/null 2>&1; then
    mend='brew install python@3.13'
fi
if ! command -v apt-cache >/dev/null 2>&1 || [ "${mend#install}" != "$mend" ]; then
    if command -v pyenv >/dev/null 2>&1; then
        mend='pyenv install 3.13'
    elif command -v uv >/dev/null 2>&1; then
        mend='uv python install 3.13'
    fi
fi
echo "Pupitre needs Python 3.12 or newer (with venv and sqlite3), and found none. Install one: $mend" >&2
exit 1
