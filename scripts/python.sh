#!/usr/bin/env bash
# The Python package. `bash scripts/python.sh test SITE_FOLDER [PYTEST ARGUMENT ...]` builds the wheel with the site, installs
# it next to JupyterLab, Notebook and marimo, and runs its tests. Other scripts source this file for its functions.

# Builds the wheel.
WHEEL_PACKAGES=(build==1.6.1 hatchling==1.33.0)
WHEEL_PYTHON="${NN_LAB_HOME:-$HOME/.cache/nn-lab}/wheel/bin/python"
# Runs the tests in real notebooks.
PYTHON_PACKAGES=(jupyterlab==4.6.6 notebook==7.6.5 anywidget==0.11.0 marimo==0.25.2 ipykernel==7.4.0 pandas==3.1.1
    pytest==9.2.0 playwright==1.65.2 ruff==0.17.6)
PYTHON_HOME="${NN_LAB_HOME:-$HOME/.cache/nn-lab}/python-test"

# need_venv FOLDER WHAT PACKAGE...: installs packages into a virtual environment.
need_venv() {
    local home=$1 what=$2
    shift 2
    if [[ $(cat "$home/.installed" 2>/dev/null) == "$*" ]]; then return; fi
    need_python
    say "installing $what (once)"
    if ! python3 -m venv "$home" 2>/dev/null; then
        apt python3-venv && python3 -m venv "$home" || fail "Install Python's venv module."
    fi
    logged "$(basename "$home")" "$home/bin/pip" install --disable-pip-version-check "$@" || fail "$what could not be installed."
    echo "$*" >"$home/.installed"
}

need_wheel_tools() { need_venv "$(dirname "$(dirname "$WHEEL_PYTHON")")" "what builds the Python package" "${WHEEL_PACKAGES[@]}"; }

need_notebooks() {
    need_chrome
    need_venv "$PYTHON_HOME" "JupyterLab, Notebook and marimo" "${PYTHON_PACKAGES[@]}"
}

# python_tests SITE_FOLDER [PYTEST ARGUMENT ...]
python_tests() {
    local site=$1 wheels
    shift
    need_notebooks
    wheels=$(mktemp -d)
    bash scripts/wheel.sh "$site" "$wheels"
    logged python-install "$PYTHON_HOME/bin/pip" install --disable-pip-version-check --no-deps --no-index --force-reinstall "$wheels"/nn_lab-*.whl ||
        fail "The wheel could not be installed."
    rm -rf "$wheels"
    "$PYTHON_HOME/bin/ruff" check --no-cache python || return
    "$PYTHON_HOME/bin/ruff" format --no-cache --check python || return
    "$PYTHON_HOME/bin/python" -B -m pytest -c python/pyproject.toml --rootdir python "${@:-python/tests}"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    set -euo pipefail
    cd "$(dirname "$(readlink -f "$0")")/.."
    source scripts/tools.sh
    usage="bash scripts/python.sh test SITE_FOLDER [PYTEST ARGUMENT ...]"
    [[ ${1:-} == test && -n ${2:-} ]] || fail "$usage"
    shift
    python_tests "$@"
fi
