"""The widget in real notebooks, with the site of the wheel, in the browser that CHROME names. They are offline: the test fails
if a page requests another host."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from conftest import LESSON
from playwright.sync_api import expect

FRAME = 'iframe[title^="Neural network lab"]'
RUN = 'Lab("rnn", seq_len=20, steps=1000, show="memory", device="cpu")'
# On a machine with two cores, everything that a notebook does can take long.
SECONDS = 1000


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 1600})
    context.set_default_timeout(90 * SECONDS)
    hosts = set()
    context.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    page = context.new_page()
    yield page
    context.close()
    assert hosts - {None} == {"127.0.0.1"}


@contextmanager
def started(folder, *command):
    """Start a notebook's server on a free port, and end it with its kernels. Yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Only the configuration of the package's own environment counts.
    environment = {**os.environ, "HOME": str(folder), "JUPYTER_PLATFORM_DIRS": "0"}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", *(word.replace("PORT", str(port)) for word in command)],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        address = f"http://127.0.0.1:{port}/"
        try:
            for _ in range(300):
                if server.poll() is not None:
                    break
                try:
                    urllib.request.urlopen(address, timeout=5).close()
                    break
                except urllib.error.HTTPError:
                    break
                except OSError:
                    time.sleep(0.3)
            else:
                pytest.fail((folder / "server.log").read_text())
            assert server.poll() is None, (folder / "server.log").read_text()
            yield address
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


JUPYTER = (
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    "--port=PORT",
    "--IdentityProvider.token=",
    "--ServerApp.root_dir=.",
)

QUIET = ("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate")


def write_notebook(folder, *sources):
    cells = [
        {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": source, "id": f"cell-{at}"}
        for at, source in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "lab.ipynb").write_text(json.dumps(notebook))


def cell(page, at):
    return page.locator(".jp-Notebook .jp-CodeCell").nth(at)


def press_run(page, at):
    cell(page, at).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")


def run_cell(page, at):
    """Run a cell, as its prompt shows. A click misses its cell if the output above grows at this moment."""
    for _ in range(6):
        press_run(page, at)
        try:
            return expect(cell(page, at).locator(".jp-InputPrompt")).not_to_have_text("[ ]:", timeout=5 * SECONDS)
        except AssertionError:
            continue
    pytest.fail(f"Cell {at} does not run.")


def run_first_cell(page):
    """Run the first cell until it shows the panel. A cell that is run before the notebook has its kernel is not run at all."""
    for _ in range(9):
        press_run(page, 0)
        try:
            cell(page, 0).locator(FRAME).wait_for(timeout=10 * SECONDS)
            return
        except Exception:
            continue
    pytest.fail("The first cell does not show the panel.")


def says(page, at, text):
    expect(cell(page, at).locator(".jp-OutputArea-output").get_by_text(text)).to_be_visible(timeout=120 * SECONDS)


CELLS = (
    f"from nn_lab import Lab\nlab = {RUN}\nlab",
    "lab.train()\nprint('waited', await lab.wait(120))",
    "print('state', lab.state, lab.metrics['accuracy_rnn'] >= 0, len(lab.curves) > 0, repr(lab.error))",
    "lab.set(seq_len=10)\nlab.reset()",
    "print('set', lab.settings['seq_len'], lab.local_site)",
)


@pytest.mark.parametrize("app", ["jupyterlab", "notebook"])
def test_jupyter(app, page, tmp_path):
    write_notebook(tmp_path, *CELLS)
    with started(tmp_path, app, *JUPYTER, *(QUIET if app == "jupyterlab" else ())) as address:
        page.goto(f"{address}lab/tree/lab.ipynb?reset" if app == "jupyterlab" else f"{address}notebooks/lab.ipynb")
        run_first_cell(page)
        source = cell(page, 0).locator(FRAME).get_attribute("src")
        assert source.startswith(f"{address}nn-lab/#/rnn?"), source
        run_cell(page, 1)
        says(page, 1, "waited done")
        run_cell(page, 2)
        says(page, 2, "state done True True ''")
        run_cell(page, 3)
        run_cell(page, 4)
        says(page, 4, "set 10 {}")


QUESTION = """from nn_lab import Lab, read_answers
import json, pathlib
lab = Lab("rnn", seq_len=20, steps=60, show="memory", device="cpu", student="Ada", ask="How accurate?", ask_guess="number",
          ask_metric="accuracy_rnn", ask_answer="measured", ask_id="q1")
lab"""
GRADED = """pathlib.Path("ada.json").write_text(json.dumps(lab.answers))
row = read_answers("ada.json").iloc[0]
agrees = lab.outcome["verdict"]["result"] == row.result
print("graded", row.student, row.question, row.guess, row.result, agrees, row.attempts)"""


def test_a_question_is_answered_in_jupyterlab_and_read_by_pandas(page, tmp_path):
    write_notebook(tmp_path, QUESTION, "lab.train()", GRADED)
    with started(tmp_path, "jupyterlab", *JUPYTER, *QUIET) as address:
        page.goto(f"{address}lab/tree/lab.ipynb?reset")
        run_first_cell(page)
        panel = page.frame_locator(FRAME)
        panel.locator('[data-guess-input="number"]').fill("7")
        panel.locator('[data-action="guess"]').click()
        # Training waits for the prediction.
        run_cell(page, 1)
        panel.locator('[data-panel="rnn"][data-state="done"]').wait_for(timeout=120 * SECONDS)
        panel.locator("[data-verdict]").wait_for()
        page.wait_for_timeout(2 * SECONDS)
        run_cell(page, 2)
        says(page, 2, "graded Ada rnn/q1 7 wrong True 1")


def test_a_lesson_is_shown_in_jupyterlab(page, tmp_path):
    (tmp_path / "lesson.json").write_text(json.dumps(LESSON))
    show = "from nn_lab import Lab\nlab = Lab.from_lesson('lesson.json', student='Ada')\nlab"
    ids = "[answer['id'] for answer in lab.answers['answers']]"
    write_notebook(tmp_path, show, f"print('answers', {ids}, lab.progress['answered'], lab.progress['items'])")
    with started(tmp_path, "jupyterlab", *JUPYTER, *QUIET) as address:
        page.goto(f"{address}lab/tree/lab.ipynb?reset")
        run_first_cell(page)
        lesson = page.frame_locator(FRAME)
        lesson.locator('[data-lesson="memory"]').wait_for()
        first = lesson.frame_locator('iframe[data-item="1"]')
        first.locator('[data-guess-input="number"]').fill("0.5")
        first.locator('[data-action="guess"]').click()
        first.locator('[data-question="answered"]').wait_for()
        page.wait_for_timeout(2 * SECONDS)
        run_cell(page, 1)
        says(page, 1, "answers ['rnn/q1'] 1 3")


def test_jupyter_below_a_path_with_a_token(page, tmp_path):
    """As with JupyterHub: the server has a path of its own and lets nobody in without a token."""
    write_notebook(tmp_path, *CELLS[:2])
    options = [option for option in JUPYTER if "token" not in option]
    strict = (
        "--ServerApp.base_url=/user/ada/",
        "--IdentityProvider.token=secret",
        "--ServerApp.allow_unauthenticated_access=False",
    )
    with started(tmp_path, "jupyterlab", *options, *strict, *QUIET) as address:
        page.goto(f"{address}user/ada/lab/tree/lab.ipynb?reset&token=secret")
        run_first_cell(page)
        source = cell(page, 0).locator(FRAME).get_attribute("src")
        assert source.startswith(f"{address}user/ada/nn-lab/#/rnn?"), source
        run_cell(page, 1)
        says(page, 1, "waited done")


def test_jupyter_without_the_package_uses_the_kernels_server(page, tmp_path):
    write_notebook(tmp_path, *CELLS[:3])
    (tmp_path / "jupyter_server_config.json").write_text('{"ServerApp": {"jpserver_extensions": {"nn_lab": false}}}')
    with started(tmp_path, "jupyterlab", *JUPYTER, *QUIET, "--config=jupyter_server_config.json") as address:
        page.goto(f"{address}lab/tree/lab.ipynb?reset")
        run_first_cell(page)
        source = cell(page, 0).locator(FRAME).get_attribute("src")
        assert source.startswith("http://127.0.0.1:"), source
        assert not source.startswith(address), source
        run_cell(page, 1)
        says(page, 1, "waited done")


def test_marimo(page, tmp_path):
    app = f"""import marimo

app = marimo.App()

@app.cell
def _():
    import marimo as mo
    from nn_lab import Lab
    lab = mo.ui.anywidget({RUN})
    lab.train()
    lab
    return lab, mo

@app.cell
def _(lab, mo):
    values = lab.value
    mo.md(f"heard {{values.get('state')}} {{'accuracy_rnn' in values.get('metrics', {{}})}}")
    return
"""
    (tmp_path / "app.py").write_text(app)
    with started(
        tmp_path, "marimo", "run", "app.py", "--headless", "--no-token", "--host", "127.0.0.1", "--port", "PORT"
    ) as address:
        page.goto(address)
        source = page.locator(FRAME).get_attribute("src")
        assert source.startswith("http://127.0.0.1:"), source
        assert not source.startswith(address), source
        expect(page.get_by_text("heard done True")).to_be_visible(timeout=120 * SECONDS)
