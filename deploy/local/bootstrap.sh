#!/bin/sh
# Makes .venv ready: the packages of deploy/requirements/dev.txt, by hash, in a Python >= 3.11.
# A stamp in .venv names the lock that is installed; nothing happens while it still fits.
set -eu
cd "$(dirname "$0")/../.."
lock=deploy/requirements/dev.txt
stamp=.venv/installed-lock

say() { echo "bootstrap: $*" >&2; }
stop() { say "$*"; exit 1; }

wanted=$(sha256sum "$lock" | cut -d ' ' -f 1)
installed=
if [ -r "$stamp" ]; then read -r installed < "$stamp" || :; fi
if [ "$installed" = "$wanted" ] && [ -x .venv/bin/python ]; then exit 0; fi

recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; }

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if recent "$candidate"; then echo "$candidate"; return; fi
    done
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_venv_module() {
    manual="as root: apt-get install python3-venv; then run make again"
    command -v apt-get > /dev/null || stop "$1 lacks the modules venv and ensurepip: install them"
    as_root true 2> /dev/null || stop "$1 lacks the module venv, and only root may install it; $manual"
    package="python$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    say "installing $package (apt-get)"
    apt="env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends"
    apt="$apt -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0"
    # shellcheck disable=SC2086 # a list of words
    as_root $apt install "$package" > /dev/null 2>&1 || {
        as_root $apt update > /dev/null 2>&1 || :
        as_root $apt install "$package" > /dev/null 2>&1 \
            || stop "apt-get could not install $package; $manual"
    }
}

python=$(find_python) || stop "no Python 3.11 or newer is on the PATH; install one (PYTHON=/path/to/it)"
if ! { [ -x .venv/bin/python ] && recent .venv/bin/python && [ -x .venv/bin/pip ]; }; then
    "$python" -c 'import ensurepip, venv' 2> /dev/null || install_venv_module "$python"
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi
say "installing $(grep -c '==' "$lock") locked packages (the first time takes a minute or two)"
began=$(date +%s)
.venv/bin/python -m pip --disable-pip-version-check --quiet install \
    --require-hashes -r "$lock" || stop "the locked packages could not be installed: see pip's words above"
echo "$wanted" > "$stamp"
say "ready after $(($(date +%s) - began)) s"
