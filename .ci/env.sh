#!/usr/bin/env bash
# Makes the virtual environment FOLDER from requirements.lock (hash-checked) and installs labtop into it, editable.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-.venv}
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  { echo "labtop needs Python 3.11 or newer; $python is $("$python" -V). Name another one: make env PYTHON=python3.12" >&2; exit 1; }

# Debian ships Python without ensurepip; the package python3-venv brings it.
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  package="$("$python" -c 'import sys; print(f"python3.{sys.version_info[1]}-venv")')"
  echo "This Python has no ensurepip; installing $package" >&2
  if [ "$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq "$package"
  elif sudo -n true 2>/dev/null; then sudo apt-get update -qq && sudo apt-get install -y -qq "$package"
  else echo "Please run once: sudo apt-get install $package" >&2; exit 1; fi
fi

[ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
"$folder/bin/python" -m pip install -q --require-hashes -r requirements.lock
"$folder/bin/python" -m pip install -q --no-deps --no-build-isolation -e .
echo "Ready: $folder/bin/labtop"
