"""The site in the package, and its servers. No test uses the network."""

import gzip
import http.client
import json
import subprocess
import sys
import urllib.error
import urllib.request
from importlib.metadata import distribution
from pathlib import Path

import pytest
from conftest import run
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

import nn_lab
from nn_lab import jupyter, site

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "site"
    for name, content in {
        "index.html": b"<!doctype html>",
        "embed.js": b"export default { render };",
        "worker-0123456789abcdef_bg.wasm": b"\0asm",
        "data/a b.bin": b"1",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "secret.txt").write_text("secret")
    return root


@pytest.fixture
def server(root):
    server = site.LocalServer(root)
    yield server
    server.close()


def get(address):
    with urllib.request.urlopen(address, timeout=10) as response:
        return response.headers, response.read()


def test_the_local_server_sends_what_browsers_require(server):
    assert server.address.startswith("http://127.0.0.1:")
    headers, body = get(server.address)
    assert body == b"<!doctype html>"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Access-Control-Allow-Origin"] == "*"
    headers, body = get(server.address + "worker-0123456789abcdef_bg.wasm?x=1")
    assert headers["Content-Type"] == "application/wasm"
    assert headers["Cache-Control"] == "max-age=31536000, immutable"
    assert get(server.address + "embed.js")[0]["Content-Type"] == "text/javascript; charset=utf-8"
    assert get(server.address + "data/a%20b.bin")[1] == b"1"
    assert json.loads(get(server.address + "version.json")[1]) == {"nn-lab": nn_lab.__version__}


@pytest.mark.parametrize(
    "path", ["none", "../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "data", "a%00b", "x" * 5000, "//etc/passwd"]
)
def test_nothing_else_is_served(server, path):
    connection = http.client.HTTPConnection("127.0.0.1", int(server.address.rstrip("/").rpartition(":")[2]), timeout=10)
    connection.request("GET", "/" + path)
    response = connection.getresponse()
    assert response.status in (404, 414)
    assert b"secret" not in response.read()
    connection.close()


def test_other_methods_are_refused(server):
    with pytest.raises(urllib.error.HTTPError, match="501"):
        urllib.request.urlopen(urllib.request.Request(server.address, b"x", method="POST"), timeout=10)
    with urllib.request.urlopen(urllib.request.Request(server.address, method="HEAD"), timeout=10) as response:
        assert response.read() == b""


def test_two_servers_have_two_ports(root, server):
    other = site.LocalServer(root)
    assert other.address != server.address
    get(other.address)
    other.close()


def test_the_wheel_has_one_version_and_the_site():
    version = next(line for line in (ROOT / "Cargo.toml").read_text().splitlines() if line.startswith("version = "))
    assert nn_lab.__version__ == version.split('"')[1]
    package = distribution("nn-lab")
    names = [str(path) for path in package.files]
    for name in ("site/index.html", "site/embed.js", "static/widget.js", "py.typed", "LICENSE-MIT", "LICENSE-APACHE"):
        assert f"nn_lab/{name}" in names
    assert any(name.endswith("etc/jupyter/jupyter_server_config.d/nn_lab.json") for name in names)
    assert not [name for name in names if name.endswith((".br", ".gz", ".zip", "/sw.js"))]
    assert package.metadata["License-Expression"] == "MIT OR Apache-2.0"
    suffixes = {Path(name).suffix for name in names if name.startswith("nn_lab/site/") and "__pycache__" not in name}
    assert suffixes - set(site._TYPES) <= {".bin", "", ".md"}


def test_jupyter_serves_the_site(root):
    async def answers():
        arguments = {"path": str(root), "default_filename": "index.html"}
        rules = [(r"/nn-lab/version\.json", jupyter.VersionHandler), (r"/nn-lab/(.*)", jupyter.SiteHandler, arguments)]
        server = HTTPServer(Application(rules))
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        address = f"http://127.0.0.1:{sockets[0].getsockname()[1]}/nn-lab/"
        client = AsyncHTTPClient()
        found = {}
        for name in ("", "version.json", "worker-0123456789abcdef_bg.wasm", "none", "..%2fsecret.txt", "embed.js"):
            for compressed in (False, True):
                accepted = {"Accept-Encoding": "gzip" if compressed else "identity"}
                method = "HEAD" if name == "embed.js" else "GET"
                request = HTTPRequest(address + name, method=method, decompress_response=False, headers=accepted)
                found[name, compressed] = await client.fetch(request, raise_error=False)
        server.stop()
        return found

    found = run(answers())
    assert found["", False].body == b"<!doctype html>"
    assert found["", False].headers["Content-Type"] == "text/html; charset=utf-8"
    assert json.loads(found["version.json", False].body) == {"nn-lab": nn_lab.__version__}
    plain, compressed = (found["worker-0123456789abcdef_bg.wasm", one] for one in (False, True))
    assert (plain.body, gzip.decompress(compressed.body)) == (b"\0asm", b"\0asm")
    assert "Content-Encoding" not in plain.headers
    assert compressed.headers["Content-Encoding"] == "gzip"
    for response in (plain, compressed):
        assert response.headers["Content-Type"] == "application/wasm"
        assert response.headers["Cache-Control"] == "max-age=31536000, immutable"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert found["none", True].code == 404
    assert found["..%2fsecret.txt", True].code in (403, 404)
    assert found["embed.js", True].headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_jupyter_does_not_load_pandas_for_the_extension():
    code = "import sys, nn_lab.jupyter, nn_lab; nn_lab._jupyter_server_extension_points(); print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "False", done.stderr


def test_a_package_without_a_site_says_so():
    code = "import nn_lab\ntry:\n    nn_lab.Lab('rnn')\nexcept RuntimeError as error:\n    print(error)"
    environment = {"NN_LAB_SITE": "/nowhere"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
    assert done.stdout.startswith("There is no lab in /nowhere."), done.stderr
