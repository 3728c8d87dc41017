#!/usr/bin/env bash
# Makes this checkout ready for `make demo`, `make lint` or `make test`, on a machine with python3 only.
#
#   .ci/setup.sh demo    the locked libraries of a gate, and the program itself
#   .ci/setup.sh lint    that, and the linters
#   .ci/setup.sh test    that, and the system packages behind the tests with real parts
#                        with GATE_PROFILE=nightly those of the guest, too
#   .ci/setup.sh lock    the tool that writes the lock files
#
# The rules it keeps:
# - It changes nothing outside .venv but Debian packages, and says first which ones and why.
# - It is fast the second time: a stamp in .venv names the lock, the interpreter and the place.
# - A missing system package is never the end of it; missing Python libraries are.
# - It starts no service and stops none.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly WANT="${1:-demo}"
readonly VENV="$PWD/.venv"
readonly PY="$VENV/bin/python"
# Debian keeps daemons where an ordinary user's PATH does not look.
export PATH="$PATH:/usr/sbin:/sbin"
unset PIP_USER PIP_TARGET PIP_PREFIX PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

say() { printf 'setup: %s\n' "$*"; }
die() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# --- Python --------------------------------------------------------------------------------------

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    die "no Python 3.11 or newer among: ${PYTHON:-python3 python3.13 python3.12 python3.11}" \
        "Debian 12 and Raspberry Pi OS (bookworm) have it: apt install python3 python3-venv"
}

has_ensurepip() { "$BASE" -c 'import ensurepip, venv' 2>/dev/null; }

has_python_headers() {
    "$BASE" -c 'import pathlib, sys, sysconfig
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())'
}

can_build_pyscard() {
    command -v swig >/dev/null && command -v gcc >/dev/null && has_python_headers &&
        [[ -e /usr/include/PCSC/winscard.h ]]
}

# --- Debian packages -----------------------------------------------------------------------------

# One "package: reason" a line, for what this target can use on this machine.
wanted_packages() {
    has_ensurepip || echo "python3-venv: makes the virtual environment"
    [[ $WANT == demo || $WANT == test ]] &&
        echo "mosquitto: a private MQTT broker on loopback stands for the centre"
    [[ $WANT == test ]] || return 0
    cat <<'LIST'
pcscd: the card-reader service, started privately by the tests
vsmartcard-vpcd: a virtual card reader for pcscd
libpcsclite-dev: headers to build pyscard
swig: builds pyscard
gcc: builds pyscard
libc6-dev: builds pyscard
baresip-core: telephones, at the gate and at the residents'
alsa-utils: plays what a lane says, into a file
sip-tester: a telephone that presses keys in another way
socat: serial lines that can be unplugged
chromium: the guard's screen is looked at and walked through
chromium-headless-shell: the same without a desktop, three times as quick
fonts-noto-cjk: Chinese on that screen
fuse3: a file system that loses power
libfaketime: a clock that jumps
openssl: certificates for a broker, by the shipped script
postgresql: the other data base of the reference centre, started privately
iproute2: two network namespaces with a cable between them
nftables: cuts that cable
systemd: systemd-analyze checks the unit file
LIST
    has_python_headers || echo "python3-dev: headers to build pyscard"
    [[ ${GATE_PROFILE:-} == nightly && $(uname -m) == x86_64 ]] || return 0
    cat <<'LIST'
qemu-system-x86: a guest with a GPIO chip
linux-image-amd64: its kernel
linux-headers-amd64: builds gpio-sim for it
linux-source: gpio-sim itself, which Debian's kernels leave out
make: builds gpio-sim
busybox-static: the guest's first program
LIST
}

missing_packages() {
    local line
    while IFS= read -r line; do
        [[ $(dpkg-query -W -f='${db:Status-Status}' "${line%%:*}" 2>/dev/null) == installed ]] ||
            printf '%s\n' "$line"
    done < <(wanted_packages)
}

may_be_root() {
    ((EUID == 0)) && return
    command -v sudo >/dev/null && { [[ -t 0 && -t 2 ]] || sudo -n true 2>/dev/null; }
}

# Where nobody can be asked for a password it does not ask.
as_root() {
    if ((EUID == 0)); then
        "$@"
    elif [[ -t 0 && -t 2 ]]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 \
        -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "$@" </dev/null
}

# Without systemd (a container) apt would start daemons that nobody stops: Debian asks
# policy-rc.d first. Where one exists already it rules.
readonly POLICY=/usr/sbin/policy-rc.d
forbid_starts() {
    if [[ ! -d /run/systemd/system && ! -e $POLICY ]]; then
        trap 'as_root rm -f "$POLICY"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
        as_root chmod 755 "$POLICY"
    fi
}

allow_starts() {
    if [[ -n $(trap -p EXIT) ]]; then
        as_root rm -f "$POLICY"
        trap - EXIT
    fi
}

install_packages() {
    local line package
    local -a lines packages=()
    mapfile -t lines < <(missing_packages)
    ((${#lines[@]})) || return 0
    for line in "${lines[@]}"; do
        packages+=("${line%%:*}")
    done
    if stamped "apt-failed-$WANT" "${packages[*]}"; then
        say "going on without ${packages[*]}: apt did not bring them before (make clean: try again)"
        return 0
    fi
    say "missing Debian packages:"
    for line in "${lines[@]}"; do
        say "  ${line%%:*} -${line#*:}"
    done
    if ! may_be_root; then
        say "neither root nor sudo: going on without them. By hand: apt install ${packages[*]}"
        return 0
    fi
    forbid_starts
    if ! apt_get install -y --no-install-recommends "${packages[@]}"; then
        say "refreshing the package lists and trying again"
        # Errors, not warnings, when a list cannot be had: without a network nothing else is tried.
        if apt_get -o APT::Update::Error-Mode=any update; then
            apt_get install -y --no-install-recommends "${packages[@]}" || install_one_by_one
        else
            say "apt-get update failed"
            apt_get install -y --no-install-recommends "${packages[@]}" || true
        fi
    fi
    allow_starts
}

# A package that this release lacks does not keep out the others.
install_one_by_one() {
    local package
    for package in "${packages[@]}"; do
        apt_get install -y --no-install-recommends "$package" ||
            say "could not install $package: going on without it"
    done
}

# Remembers what apt, asked as root, could not bring, so that the next run does not wait for it.
remember_missing() {
    local -a lines
    mapfile -t lines < <(missing_packages)
    rm -f "$VENV/.apt-failed-$WANT"
    if ((${#lines[@]})) && may_be_root; then
        printf '%s\n' "$(printf '%s\n' "${lines[@]%%:*}" | paste -sd ' ')" >"$VENV/.apt-failed-$WANT"
    fi
}

# --- The virtual environment ---------------------------------------------------------------------

# Debian's pip, unpacked into .venv: apt downloads and checks a package for anybody, it is only
# installing that takes root. The package lists may be missing or closed to us: then lists of our own.
download_pip() {
    local place=$VENV/apt
    local -a own=(-o "Dir::State::lists=$place/lists" -o "Dir::Cache=$place/cache")
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 0
    say "downloading pip with apt, without installing it"
    mkdir -p "$place/lists/partial" "$place/cache/archives/partial"
    (
        cd "$place"
        apt-get -q download python3-pip-whl >/dev/null 2>&1 ||
            { apt-get -q "${own[@]}" update && apt-get -q "${own[@]}" download python3-pip-whl; }
        dpkg-deb -x python3-pip-whl_*.deb .
    ) </dev/null || say "apt could not download python3-pip-whl"
}

# Sets PIP to the wheel in a folder, if it is there.
pip_from_wheel() {
    local wheel
    for wheel in "$1"/pip-*.whl; do
        if [[ -e $wheel ]]; then
            PIP=("$PY" "$wheel/pip")
            return 0
        fi
    done
    return 1
}

# Sets PIP to a command that installs into the environment.
choose_pip() {
    if "$PY" -m pip --version >/dev/null 2>&1; then
        PIP=("$PY" -m pip)
        return
    fi
    if pip_from_wheel /usr/share/python-wheels; then
        return
    fi
    # Since pip 22.3 a pip outside can serve an environment that has none.
    if "$BASE" -m pip --python "$PY" --version >/dev/null 2>&1; then
        PIP=("$BASE" -m pip --python "$PY")
        return
    fi
    download_pip
    if pip_from_wheel "$VENV/apt/usr/share/python-wheels"; then
        return
    fi
    die "there is no pip on this machine and apt could not bring it. One of these will do:" \
        "  apt install python3-venv" \
        "  apt install python3-pip" \
        "  copy pip's wheel into /usr/share/python-wheels/"
}

make_venv() {
    local key
    key="$BASE $("$BASE" -c 'import sys; print(sys.version)' | tr '\n' ' ') $PWD"
    if [[ -x $PY && -e $VENV/.made && $(<"$VENV/.made") == "$key" ]]; then
        return
    fi
    say "making .venv with $("$BASE" --version)"
    rm -rf "$VENV"
    if has_ensurepip; then
        "$BASE" -m venv "$VENV"
    else
        "$BASE" -m venv --without-pip "$VENV"
    fi
    printf '%s\n' "$key" >"$VENV/.made"
}

digest() { cat "$@" | sha256sum | cut -d' ' -f1; }

stamped() { [[ -e $VENV/.$1 && $(<"$VENV/.$1") == "$2" ]]; }

# Installs what a lock lists; a third argument "plain" leaves out what has to be compiled.
install_lock() {
    local stamp=$1 lock=$2 key
    key=$(digest requirements.lock "$lock")
    if stamped "$stamp" "$key" || { [[ ${3:-} == plain ]] && stamped "$stamp" "$key plain"; }; then
        return
    fi
    choose_pip
    say "installing $lock"
    if [[ ${3:-} == plain ]]; then
        awk '/^[^ #]/ { keep = !/^pyscard==/ } keep' "$lock" >"$VENV/plain.lock"
        lock=$VENV/plain.lock
        key="$key plain"
    fi
    # setuptools comes with the first lock, so builds need no second, unlocked environment.
    "${PIP[@]}" install -q --require-hashes --no-build-isolation -r "$lock"
    printf '%s\n' "$key" >"$VENV/.$stamp"
}

install_project() {
    local key
    key=$(digest pyproject.toml requirements.lock)
    if stamped project "$key"; then
        return
    fi
    choose_pip
    say "installing gate-agent from this checkout"
    "${PIP[@]}" install -q --no-deps --no-build-isolation -e .
    printf '%s\n' "$key" >"$VENV/.project"
}

install_lock_tool() {
    make_venv
    if ! command -v uv >/dev/null && [[ ! -x $VENV/bin/uv ]]; then
        choose_pip
        say "installing uv, which writes the lock files"
        "${PIP[@]}" install -q "uv>=0.8"
    fi
}

BASE=$(find_python)
readonly BASE
PIP=()
case $WANT in
demo | lint | test)
    if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
        install_packages
    else
        say "no apt on this machine: system packages are taken as they are"
    fi
    make_venv
    remember_missing
    install_lock run requirements.lock
    if [[ $WANT != demo ]]; then
        if can_build_pyscard; then
            install_lock test requirements-test.lock
        else
            say "no compiler, swig or PC/SC headers: pyscard is left out, its tests skip by name"
            install_lock test requirements-test.lock plain
        fi
    fi
    install_project
    ;;
lock) install_lock_tool ;;
*) die "unknown target: $WANT (demo, lint, test or lock)" ;;
esac
