# shellcheck shell=bash
# Sourced by scripts/test.sh. Installs the course tools that `./lab test hosts` tries, in fixed versions.

HOSTS_PYTHON=(jupyterlab==4.6.6 anywidget==0.11.0 marimo==0.25.2 ipykernel==7.4.0)
HOSTS_NODE=(tinymce@8.9.2 @docusaurus/core@3.10.2 @docusaurus/preset-classic@3.10.2 react@19.3.1 react-dom@19.3.1)

need_hosts() {
    export NN_LAB_HOSTS="$NN_LAB_HOME/hosts"
    need_node
    need_python
    local wanted="${HOSTS_PYTHON[*]} ${HOSTS_NODE[*]}"
    if [[ $(cat "$NN_LAB_HOSTS/.installed" 2>/dev/null) == "$wanted" ]]; then return; fi
    say "installing JupyterLab, marimo, Docusaurus and TinyMCE (about two minutes, once)"
    mkdir -p "$NN_LAB_HOSTS/node"
    if ! python3 -m venv "$NN_LAB_HOSTS/python" 2>/dev/null; then
        apt python3-venv && python3 -m venv "$NN_LAB_HOSTS/python" || fail "Install Python's venv module."
    fi
    logged hosts-python "$NN_LAB_HOSTS/python/bin/pip" install --disable-pip-version-check "${HOSTS_PYTHON[@]}" ||
        fail "The notebooks could not be installed."
    logged hosts-node npm install --prefix "$NN_LAB_HOSTS/node" --no-audit --no-fund "${HOSTS_NODE[@]}" ||
        fail "The site generator and the editor could not be installed."
    echo "$wanted" >"$NN_LAB_HOSTS/.installed"
}
