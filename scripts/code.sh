# shellcheck shell=bash
# Sourced by scripts/test.sh. `./lab test code [SECTION ...]` runs the Python code that the page writes under PyTorch, which is
# an extra: without it, the other tests say that this part was left out.

CODE_PYTHON=(torch==2.15.0 nbclient==0.11.0 ipykernel==7.4.0)
TORCH_PYTHON="$NN_LAB_HOME/torch/bin/python"

has_torch() { "$TORCH_PYTHON" -c 'import torch, nbclient, ipykernel' 2>/dev/null; }

need_torch() {
    local home="$NN_LAB_HOME/torch" wanted="${CODE_PYTHON[*]}"
    if [[ $(cat "$home/.installed" 2>/dev/null) == "$wanted" ]]; then return; fi
    need_python
    say "installing PyTorch and nbclient (some minutes, once)"
    if ! python3 -m venv "$home" 2>/dev/null; then
        apt python3-venv && python3 -m venv "$home" || fail "Install Python's venv module."
    fi
    logged torch "$home/bin/pip" install --disable-pip-version-check "${CODE_PYTHON[@]}" || fail "PyTorch could not be installed."
    echo "$wanted" >"$home/.installed"
}

# code_tests [SECTION ...]: writes what the page offers to target/code, and runs it. The last line has the numbers of tests.
code_tests() {
    local folder="$PWD/target/code"
    rm -rf "$folder"
    if cargo nextest --version >/dev/null 2>&1; then
        NN_LAB_CODE=$folder cargo nextest run --features cpu --run-ignored all -E 'test(code::writes_the_folders)' || return
    else
        NN_LAB_CODE=$folder cargo test --features cpu code::writes_the_folders -- --ignored || return
    fi
    OMP_NUM_THREADS=1 "$TORCH_PYTHON" -B tests/code/test_code.py "$folder" "$@"
}
