#!/usr/bin/env bash
# Writes both lock files anew from pyproject.toml, for every platform and CPython 3.11 to 3.13.
#
# Machine settings are set aside: the hashes must be those of the published files, and neither an
# index address nor a path of this machine may get into the locks. Versions that still fit are
# kept; `make lock UPGRADE=--upgrade` takes the newest.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
uv=$(command -v uv || echo .venv/bin/uv)

compile() {
    env -u PIP_FIND_LINKS -u UV_FIND_LINKS -u UV_INDEX -u UV_DEFAULT_INDEX -u UV_EXTRA_INDEX_URL \
        "$uv" pip compile --quiet --no-config --universal --python-version 3.11 \
        --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
        "$@" pyproject.toml </dev/null >/dev/null
}

# What a gate runs, and setuptools to install it with: no compiler is needed.
compile ${UPGRADE:-} --extra build --extra gpio -o requirements.lock
# That at the same versions, what the tests use, and pyscard, which is compiled.
compile ${UPGRADE:-} --extra build --extra gpio --extra pcsc --extra test \
    -c requirements.lock -o requirements-test.lock

for lock in requirements.lock requirements-test.lock; do
    if grep -nE '://|--(find-links|index-url|extra-index-url)|file:' "$lock"; then
        echo "lock: $lock names an address or a path of this machine" >&2
        exit 1
    fi
done
