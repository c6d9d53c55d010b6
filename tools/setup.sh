#!/bin/sh
# Create .venv and install the package, its extras and the pinned versions; do nothing when all that is done.
# `make` calls this before every target. PYTHON=python3.12 (or a path) chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."

NEEDED_GB=10  # at the peak, with the downloads; 7 stay. PyTorch with its CUDA libraries is most of it
CHOSEN=${PYTHON:-}
PYTHON=${CHOSEN:-python3}
STAMP=.venv/.setup-done

stop() {
    echo "set-up: $1" >&2
    exit 1
}

# Everything that the environment depends on. The folder is in it because an editable install points there.
fingerprint() {
    { cat constraints.txt pyproject.toml tools/setup.sh; pwd; } | cksum
}

# "3.11" of an interpreter; empty when it does not run.
version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

same_python() {  # A .venv is kept unless another Python was asked for by name.
    [ -z "$CHOSEN" ] || [ "$(version_of "$CHOSEN")" = "$(version_of .venv/bin/python)" ]
}

if [ -x .venv/bin/python ] && [ "$(cat $STAMP 2>/dev/null)" = "$(fingerprint)" ] && same_python; then
    exit 0
fi

# A .venv without a working pip is the leftover of an interrupted set-up, or of a Python that was removed since.
if ! .venv/bin/python -m pip --version >/dev/null 2>&1 || ! same_python; then
    FOUND=$(version_of "$PYTHON")
    [ -n "$FOUND" ] || stop "'$PYTHON' does not run; install Python 3.11 or newer, or name one: make tour PYTHON=python3.12"
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        stop "Python 3.11 or newer is needed and '$PYTHON' is $FOUND; name a newer one: make tour PYTHON=python3.12"
    "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null ||
        stop "'$PYTHON' has no venv module; on Debian or Ubuntu: sudo apt install python$FOUND-venv"
    FREE_GB=$(($(df -Pk . | awk 'NR == 2 { print $4 }') / 1048576))
    [ "$FREE_GB" -ge "$NEEDED_GB" ] ||
        stop "about $NEEDED_GB GB of disk are needed here and $FREE_GB GB are free; make room and run this again"
    echo "set-up: creating .venv with Python $FOUND; a download of some gigabytes follows, once"
    "$PYTHON" -m venv --clear .venv
fi

echo "set-up: installing the pinned versions into .venv"
rm -f $STAMP
.venv/bin/python -m pip install --disable-pip-version-check \
    --constraint constraints.txt --editable '.[lab,processes,flow,class,optimise,pipelines,browser,site,dev]' ||
    stop "pip could not install the packages (its reason is above); mend that and run the same command to go on"
fingerprint >$STAMP
echo "set-up: done"
