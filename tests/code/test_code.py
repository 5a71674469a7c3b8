"""Tests of the Python code that the page writes: python tests/code/test_code.py FOLDER [--quick] [SECTION...]

FOLDER has a folder SECTION-N for each tested set-up, with train.py, train.ipynb, check.py, setup.safetensors and
settings.json. Prints a line for each test and, at the end, "test result: N passed, M failed".

- train.py trains three steps, and its losses agree with the lab's.
- train.ipynb does the same under nbclient.
- check.py accepts tests/code/SECTION/right*.py, and names the mistake of every wrong_*.py, which is in its first line
  ("# expects: no-tanh"). A line "# settings: block=basic batch_norm=True" says for which set-ups a file is written.
  Right solutions are checked in all of these set-ups, wrong ones in the first.
- check.py answers bad input with one sentence, tried in one section.

--quick runs the scripts only.
"""

import contextlib
import io
import json
import os
import re
import runpy
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

import torch

HERE = Path(__file__).parent
N_STEPS = 3
MAX_ERROR = 1e-4  # of the first three losses
BAD_INPUT_SECTION = "rnn"
counts = Counter()


def test(name, run):
    """Run a test, which fails with an exception and may return a remark."""
    try:
        remark, verdict = run(), "ok"
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1].lineno
        remark, verdict = f"{type(error).__name__} in line {place}: {error}", "FAILED"
    counts[verdict] += 1
    print(f"{verdict:6} {name}{f': {remark}' if remark else ''}", flush=True)


def run_script(script, *args, folder):
    """Run a script in a folder. Return its exit code and its output.

    The script runs in a fork of this process, because importing PyTorch takes longer than most tests.
    """
    log = Path(folder) / "output.txt"
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.chdir(folder)
            sys.argv = [str(script), *map(str, args)]
            with open("output.txt", "w") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                try:
                    runpy.run_path(str(script), run_name="__main__")
                    code = 0
                except SystemExit as stop:
                    code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else print(stop.code) or 1
                except BaseException:
                    traceback.print_exc()
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, log.read_text()


def expect_agreement(output):
    """Check that a script says that its losses agree, and return the error."""
    found = re.search(r"first three losses agree.*relative error ([\d.e+-]*\d)", output)
    assert found, f"the output does not say that the first three losses agree:\n{output[-2000:]}"
    assert float(found[1]) <= MAX_ERROR, found[0]
    return f"largest relative error {found[1]}"


def train(folder):
    with tempfile.TemporaryDirectory() as scratch:
        setup = folder / "setup.safetensors"
        code, output = run_script(folder / "train.py", "--steps", N_STEPS, "--setup", setup, folder=scratch)
    assert code == 0, output[-2000:]
    return expect_agreement(output)


def train_without_setup(folder):
    with tempfile.TemporaryDirectory() as scratch:
        code, output = run_script(folder / "train.py", "--steps", 1, folder=scratch)
    # Sections whose data come from files say so and stop.
    assert output and "Traceback" not in output, output[-2000:]


def notebook(folder, section):
    import nbclient
    import nbformat

    book = nbformat.read(folder / "train.ipynb", as_version=4)
    nbformat.validate(book)
    for cell in book.cells:
        cell.source = cell.source.replace("default=STEPS", f"default={N_STEPS}")
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(folder / "setup.safetensors", Path(scratch) / f"nn-lab-{section}-setup.safetensors")
        nbclient.NotebookClient(book, timeout=300, resources={"metadata": {"path": scratch}}).execute()
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    return expect_agreement("".join(output.get("text", "") for output in outputs))


def run_check(folder, file, setup=None):
    """Check a student's file. Return exit code, output and the file of the run, if there is one."""
    with tempfile.TemporaryDirectory() as scratch:
        for other in [*file.parent.glob("*.py"), file]:
            shutil.copy(other, scratch)
        setup = setup or folder / "setup.safetensors"
        code, output = run_script(folder / "check.py", file.name, "--setup", setup, folder=scratch)
        run = Path(scratch, file.stem + ".nnlab.json")
        if run.exists():
            (folder / "runs").mkdir(exist_ok=True)
            shutil.copy(run, folder / "runs")
        return code, output, json.loads(run.read_text()) if run.exists() else None


def fits(file, folder):
    """Return whether a student's file is written for the settings of a folder."""
    wanted = re.search(r"^# settings: (.+)$", file.read_text(), re.MULTILINE)
    settings = json.loads((folder / "settings.json").read_text())
    pairs = [pair.split("=") for pair in wanted[1].split()] if wanted else []
    return all(str(settings[key]) == value for key, value in pairs)


def check(folder, file):
    assert folder, "no set-up has the settings for which the file is written"
    expected = re.match(r"# expects: (\S+)", file.read_text())
    code, output, run = run_check(folder, file)
    assert run, output
    assert run["schema"] == "nn-lab/run" and run["seed"] == run["config"]["seed"], run
    assert run["series"] and all(len(series["points"]) >= N_STEPS for series in run["series"]) or expected, run["series"]
    # A mistake in a block may keep the network around it from being built, so it is enough to name it once.
    found = {result["mistake"] for result in run["checked"]["results"] if result.get("mistake")}
    assert (code, found) == ((1, {expected[1]}) if expected else (0, set())), f"exit code {code}, {found}\n{output}"


def bad_input(folder, other):
    """Check what is said about bad input, with the files of one section and the set-up of another."""
    right = HERE / folder.name.rpartition("-")[0] / "right.py"
    title = "VanillaRNN"

    def says(words, text=None, setup=None, name="my.py"):
        with tempfile.TemporaryDirectory() as scratch:
            scratch = Path(scratch)
            file = right
            if text is not None:
                file = scratch / name
                file.write_text(text)
            if isinstance(setup, bytes):
                (scratch / "setup.safetensors").write_bytes(setup)
                setup = scratch / "setup.safetensors"
            code, output, _ = run_check(folder, file, setup)
        assert code == 2 and words in output and "Traceback" not in output, f"exit code {code}\n{output}"

    setup = (folder / "setup.safetensors").read_bytes()
    start = 8 + int.from_bytes(setup[:8], "little")
    pickled = io.BytesIO()
    torch.save({"weight": torch.zeros(3)}, pickled)
    source = right.read_text()
    test("no class", lambda: says(f"has no {title}", ""))
    test("another signature", lambda: says("Expected: ", f"import torch\n\n\nclass {title}(torch.nn.Module):\n    def __init__(self):\n        pass\n"))
    test("an error on import", lambda: says("line 2 of my.py", "import math\nmath.sqrt(-1)\n"))
    test("a syntax error", lambda: says("SyntaxError", "def f(:\n"))
    test("a notebook", lambda: says("not a Python file", "{}", name="my.ipynb"))
    test("no set-up file", lambda: says("Download the set-up file", source, Path("nothing.safetensors")))
    test("a pickle", lambda: says("is a pickle", source, pickled.getvalue()))
    test("a truncated set-up", lambda: says("damaged or incomplete", source, setup[: len(setup) // 2]))
    test("an empty set-up", lambda: says("damaged or incomplete", source, b""))
    test("a set-up with NaN", lambda: says("NaN", source, setup[:start] + b"\xff" * 4 + setup[start + 4 :]))
    if other:
        test("the set-up of another section", lambda: says("belongs to", source, other / "setup.safetensors"))
    reseeded = re.sub(rb'(seed\\": ?)(\d)', lambda found: found[1] + b"%d" % ((int(found[2]) + 1) % 10), setup, count=1)
    test("a set-up of other settings", lambda: says("Download both again", source, reseeded))


def main():
    folders = sorted(path for path in Path(sys.argv[1]).resolve().glob("*-*") if (path / "check.py").exists())
    is_quick = "--quick" in sys.argv
    sections = [name for name in sys.argv[2:] if name != "--quick"] or sorted({folder.name.rpartition("-")[0] for folder in folders})
    torch.set_num_threads(1)
    for section in sections:
        mine = [folder for folder in folders if folder.name.rpartition("-")[0] == section]
        test(f"{section}: there is a set-up", lambda: mine[0].name)
        for folder in mine:
            test(f"{folder.name}/train.py", lambda: train(folder))
            if is_quick:
                continue
            test(f"{folder.name}/train.ipynb", lambda: notebook(folder, section))
        for file in sorted((HERE / section).glob("*.py")):
            fitting = [folder for folder in mine if fits(file, folder)] or [None]
            for folder in fitting if file.name.startswith("right") else fitting[:1]:
                test(f"{folder.name if folder else section}/check.py {file.name}", lambda: check(folder, file))
        if mine and not is_quick:
            test(f"{mine[0].name}/train.py without a set-up", lambda: train_without_setup(mine[0]))
            other = next((folder for folder in folders if folder not in mine), None)
            if section == BAD_INPUT_SECTION:
                bad_input(mine[0], other)
    print(f"test result: {counts['ok']} passed, {counts['FAILED']} failed")
    sys.exit(counts["FAILED"] > 0)


if __name__ == "__main__":
    main()
