"""The command line: python -m nn_lab.grade."""

import csv
import subprocess
import sys

import pytest
from conftest import LESSON, answer, answers, attempt, student_file

from nn_lab.grade import main


@pytest.fixture
def folder(write, tmp_path):
    write("work/ada.json", student_file("Ada", 1, guess=0.52))
    write("work/bob.json", student_file("=Bob()", 2, guess=0.9, choice="RNN"))
    write("lesson.json", LESSON)
    return tmp_path


def rows(text):
    return list(csv.reader(text.splitlines()))


def test_one_row_per_student(folder, capsys):
    code = main([str(folder / "work"), "--lesson", str(folder / "lesson.json")])
    out, err = capsys.readouterr()
    assert code == 0
    assert rows(out) == [
        ["name", "score", "max", "rnn/q1", "rnn/q2", "rnn/forget-bias"],
        # A spreadsheet would run the name as a formula.
        ["'=Bob()", "1", "3", "0", "0", "1"],
        ["Ada", "3", "3", "1", "1", "1"],
    ]
    assert err.splitlines() == [
        "2 students, 6 answers; mean score 2.00 of 3",
        "rnn/q1: 1 right, 1 wrong",
        "rnn/q2: 1 right, 1 wrong",
        "rnn/forget-bias: 2 right",
    ]


def test_one_row_per_answer_and_a_file(folder, capsys):
    out = folder / "grades.csv"
    assert main([str(folder / "work"), "--long", "--out", str(out)]) == 0
    text = out.read_bytes().decode("utf-8-sig")
    table = list(csv.DictReader(text.splitlines()))
    assert len(table) == 6
    assert table[0]["guess"] == "0.52"
    assert table[0]["time"] == "2026-11-30T19:50:00.000Z"
    assert table[0]["measured"] == '{"accuracy_rnn": 0.5}'
    assert table[0]["seed"] == "1"
    assert capsys.readouterr().out == ""


def test_problems_are_sentences_and_the_exit_code_is_1(folder, write, capsys):
    write("work/bad.json", "hello")
    write("work/cleo.json", answers("Cleo", answer("rnn/q1", attempt("c", {"number": 1}, None))))
    assert main([str(folder / "work"), "--lesson", str(folder / "lesson.json")]) == 1
    out, err = capsys.readouterr()
    assert err.startswith("bad.json: The file is damaged or incomplete: expected JSON")
    # The run of Cleo was not finished.
    assert rows(out)[3] == ["Cleo", "0", "3", "", "", ""]


def test_nothing_to_grade_is_exit_code_2(folder, write, capsys):
    (folder / "empty").mkdir()
    write("broken-lesson.json", "{}")
    for arguments, words in [
        (["none"], "There is no folder none."),
        ([str(folder / "empty")], "There are no answers in"),
        ([str(folder / "work"), "--lesson", "none.json"], "none.json: The file cannot be opened"),
        ([str(folder / "work"), "--lesson", str(folder / "broken-lesson.json")], "another kind of file"),
        ([str(folder / "work"), "--out", str(folder)], "cannot be written"),
    ]:
        assert main(arguments) == 2, arguments
        assert words in capsys.readouterr().err
    with pytest.raises(SystemExit) as wrong:
        main([])
    assert wrong.value.code == 2


def test_as_a_module(folder):
    command = [sys.executable, "-m", "nn_lab.grade", str(folder / "work")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert len(rows(done.stdout)) == 3
