#!/bin/sh
# Makes .venv with the first Python >= 3.11 found ($PYTHON when given), or says what to install.
set -eu

venv=${1:-.venv}
enough='import sys; sys.exit(sys.version_info < (3, 11))'

fits() { command -v "$1" >/dev/null 2>&1 && "$1" -c "$enough" >/dev/null 2>&1; }

if [ -x "$venv/bin/python" ] && fits "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

python=
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if fits "$candidate"; then python=$candidate; break; fi
done
if [ -z "$python" ]; then
    echo "Trading Bridge needs Python 3.11 or newer; looked for: ${PYTHON:-python3 python3.13 python3.12 python3.11}." >&2
    echo "Install it, or name one: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
fi

# Debian and Ubuntu keep the parts that `python3 -m venv` needs in a package of their own.
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "$python has no ensurepip: installing $package" >&2
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
    else
        echo "$python cannot make virtual environments: its ensurepip module is missing." >&2
        echo "Install it (Debian, Ubuntu: sudo apt-get install $package), or name another Python:" >&2
        echo "  make PYTHON=/path/to/python3.12 ..." >&2
        exit 1
    fi
fi

# --clear: what is there is not usable (checked above), for example after the system's Python was replaced.
"$python" -m venv --clear "$venv"
