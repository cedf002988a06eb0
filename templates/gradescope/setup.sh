#!/usr/bin/env bash
# Run once, as root, when Gradescope builds the container: installs grader and what it needs.
set -euo pipefail

home=${1:-/autograder}
source_folder=$home/source
target=$home/grader

is_good() {
    command -v "$1" >/dev/null && "$1" -c '
import sys
import ensurepip, venv
sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for name in python3.13 python3.12 python3.11 python3; do
        if is_good "$name"; then
            command -v "$name"
            return
        fi
    done
    return 1
}

if ! python=$(find_python); then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    apt-get install -y --no-install-recommends python3.12 python3.12-venv ||
        apt-get install -y --no-install-recommends python3.11 python3.11-venv
    if ! python=$(find_python); then
        echo "grader needs Python 3.11 or newer with venv: choose a newer base image" >&2
        exit 1
    fi
fi

"$python" -m venv "$target"
"$target/bin/python" -m pip install --quiet --no-cache-dir --requirement "$source_folder/requirements.txt"
"$target/bin/python" -m pip install --quiet --no-cache-dir --no-deps "$source_folder"/grader-*.whl
# Hidden checks and solutions are root's alone; students' code runs as somebody else.
chmod -R go-rwx "$source_folder"
"$target/bin/grader" --version
