#!/usr/bin/env bash
# Linters, or all tests with branch coverage, in the environment that setup.sh made.
#
#   .ci/check.sh lint
#   .ci/check.sh test [pytest arguments]    with arguments: those tests only, no coverage demanded
#
# Each step runs whatever the one before it said, so that one run shows all faults; the exit
# status is 0 only if every step was content.
#
# All tests are shared by WORKERS processes, as many as there are processors (at most 4): with more a
# small machine is late rather than early. Those that judge times (marked "timed") run afterwards, alone. With arguments
# pytest runs as it is; `-n 3` may be one of them.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# Daemons and their tools live in sbin; programs of the environment go first.
export PATH="$PWD/.venv/bin:$PATH:/usr/sbin:/sbin"
unset PYTHONPATH PYTHONHOME
# A test starts our programs again and again: compiled once, each start takes a third less.
unset PYTHONDONTWRITEBYTECODE
failed=()
trap 'exit 130' INT

step() {
    local name=$1
    shift
    printf -- '--- %s\n' "$name"
    "$@" </dev/null || failed+=("$name")
}

lint() {
    step "ruff check" ruff check .
    step "ruff format" ruff format --check .
    step "mypy" mypy
    step "import-linter" lint-imports --no-logo
}

# What the tests write lies in memory where there is plenty: a disk that is busy for seconds with
# somebody else's work is no fault of what is tested. Those of power cuts and full disks bring file
# systems of their own.
write_to_memory() {
    local free
    free=$(df --output=avail --block-size=1M /dev/shm 2>/dev/null | tail -n 1)
    ((${free:-0} >= 4096)) || return 0
    TMPDIR=$(mktemp -d /dev/shm/gate-tests.XXXXXX) || return 0
    # As /tmp is: the data base of the reference centre runs as a user of its own.
    chmod 1777 "$TMPDIR"
    export TMPDIR
    trap 'rm -rf "$TMPDIR"' EXIT
}

test_all() {
    local cores workers timed
    write_to_memory
    cores=$(nproc)
    workers=${WORKERS:-$((cores < 4 ? cores : 4))}
    coverage erase
    step "pytest" coverage run -m pytest -m "not timed" -n "$workers" \
        --dist loadgroup --durations=15
    # Only their files: to collect all tests once more takes as long as these take.
    mapfile -t timed < <(grep -rlF --include='*.py' 'mark.timed' tests)
    step "pytest, timed" coverage run -m pytest -m timed "${timed[@]}"
    # Workers and programs that they started have each left a file.
    # Children that were killed leave broken data behind; that is not a fault of the tests.
    step "coverage combine" coverage combine --quiet
    step "coverage of the pure parts, 100 %" \
        coverage report --include='agent/core/*,drivers/wire/*' --fail-under=100
    step "coverage of all, 90 %" coverage report --fail-under=90
}

case ${1:-} in
lint) lint ;;
test)
    shift
    if (($#)); then
        step "pytest" python -m pytest "$@"
    else
        lint
        test_all
    fi
    ;;
*)
    echo "usage: .ci/check.sh lint | test [pytest arguments]" >&2
    exit 2
    ;;
esac

if ((${#failed[@]})); then
    printf 'failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
echo "all checks passed"
