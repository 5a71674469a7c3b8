"""Reading runs, answers and classes."""

import copy
import json
import math
import time
import warnings
from pathlib import Path

import pandas as pd
import pytest
from conftest import LESSON, answer, answers, attempt, student_file

from nn_lab import FileProblem, grades, read_answers, read_class, read_lesson, read_run
from nn_lab.tables import COLUMNS

ROOT = Path(__file__).parents[2]


def quiet_class(*arguments, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return read_class(*arguments, **more)


# ---- Runs


def test_a_run_becomes_one_row_per_point():
    run = read_run(ROOT / "tests/e2e/fixtures/older-run.json")
    assert list(run.columns) == ["seed", "metric", "title", "unit", "step", "value"]
    wide = run.pivot(index="step", columns="metric", values="value")
    assert wide.loc[40, "loss_train"] == 3.1171117
    assert wide["loss_val"].count() == 5
    assert run["step"].dtype == "int64"
    assert run.attrs["section"] == "transformer"
    assert run.attrs["config"]["d_model"] == "16"
    assert run.attrs["checks"][-1]["verdict"] == "fails"
    assert run.attrs["steps"] == {"done": 40, "planned": 40}


def test_a_value_that_was_not_finite_is_nan_and_all_seeds_are_read(write):
    series = [{"metric": "loss", "title": "Loss", "unit": "nats", "points": [[1, 2.5], [2, None]]}]
    run = {"schema": "nn-lab/run", "schema_version": 1, "section": "mlp", "seed": 1, "series": series}
    table = read_run(write("run.json", {**run, "seeds": [{"seed": 2, "series": series}]}))
    assert list(table["seed"]) == [1, 1, 2, 2]
    assert math.isnan(table["value"][1])
    for broken in ({"series": 3}, {"series": [3]}, {"seeds": [3]}, {"section": None}, {"series": [{"points": None}]}):
        with pytest.raises(FileProblem, match="damaged"):
            read_run(write("run.json", {**run, **broken}))


# ---- Answers


def test_answers_have_the_first_guess_and_its_verdict(write):
    first = attempt("k3v9", {"number": 0.5}, {"accuracy_rnn": 0.125}, ("wrong", 0.0, 0.375))
    later = attempt("k4", {"number": 0.1}, {"accuracy_rnn": 0.125}, ("right", 1.0, 0.025))
    path = write("ada.json", answers("Ada Lovelace", answer("rnn/q1", first, later, text="How accurate?")))
    table = read_answers(path)
    assert tuple(table.columns) == COLUMNS
    row = table.iloc[0]
    assert (row["student"], row["question"], row["guess"], row["result"], row["score"]) == (
        "Ada Lovelace",
        "rnn/q1",
        0.5,
        "wrong",
        0,
    )
    assert (row["off"], row["attempts"], row["last_result"], row["seconds"], row["value"]) == (0.375, 2, "right", 60, 0.125)
    assert row["time"] == pd.Timestamp("2026-11-30T19:50:00Z")
    assert row["measured"] == {"accuracy_rnn": 0.125}
    assert row["settings"] == {"seq_len": 50, "seed": 1}
    assert (row["device"], row["lab_version"], row["lesson"], row["seed"]) == ("cpu: Flex", "0.2.0", "memory", 1)
    every = read_answers(path, every_attempt=True)
    assert list(every["guess"]) == [0.5, 0.1]
    assert list(every["attempts"]) == [1, 2]
    assert list(every["result"]) == ["wrong", "right"]


def test_a_lesson_grades_by_its_keys_and_not_by_the_file(write):
    lesson = write("lesson.json", LESSON)
    forged = attempt("a", {"number": 0.9}, {"accuracy_rnn": 0.5}, ("right", 1.0, 0.0))
    path = write("ada.json", answers("Ada", {**answer("rnn/q1", forged), "kind": "experiment"}))
    assert read_answers(path)["score"][0] == 1
    assert read_answers(path, lesson)[["result", "score", "off"]].values.tolist() == [["wrong", 0, 0.4]]
    assert read_answers(path, LESSON)["score"][0] == 0
    assert read_answers(path, read_lesson(lesson))["score"][0] == 0


def test_a_fixed_answer_is_graded_without_a_run(write):
    path = write("ada.json", answers("Ada", answer("rnn/q2", attempt("a", {"choice": "RNN"}, None))))
    assert read_answers(path)["result"][0] == "open"
    table = read_answers(path, LESSON)
    assert table["result"][0] == "wrong"
    assert math.isnan(table["seconds"][0])


def test_verdicts_of_several_seeds_are_partly_right(write):
    given = attempt("a", {"choice": "LSTM"}, {}, ("partly", 2 / 3, None))
    table = read_answers(write("a.json", answers("Ada", answer("rnn/forget-bias", given, kind="experiment"))))
    assert (table["result"][0], table["score"][0]) == ("partly", 2 / 3)
    for verdict, score in [
        ({"result": "partly", "score": None, "seeds": 4, "right": 1}, math.nan),
        ({"result": "partly", "score": 7}, math.nan),
        ({"result": "right", "score": "x"}, math.nan),
        ({"result": "open", "score": 1}, math.nan),
        ({"result": "sure", "score": 1}, math.nan),
        ("right", math.nan),
        (None, math.nan),
    ]:
        given["outcome"]["verdict"] = verdict
        table = read_answers(write("a.json", answers("Ada", answer("rnn/forget-bias", given))))
        assert table["score"][0] == pytest.approx(score, nan_ok=True), verdict


def test_older_files_of_experiments_are_read(write):
    experiment = {
        "section": "rnn",
        "experiment": "forget-bias",
        "question": "Which?",
        "prediction": "LSTM",
        "answers": [{"seed": 1, "words": "The LSTM, you are right.", "numbers": {"accuracy_lstm": 1.0}}],
        "config": {"seed": 1},
        "device": None,
        "finished": "2026-11-29T10:00:00.000Z",
        "lab_version": "0.1.0",
    }
    other = {**experiment, "experiment": "length", "prediction": 0.5}
    damaged = {**experiment, "answers": None}
    file = {"schema": "nn-lab/experiments", "schema_version": 1, "experiments": [experiment, other, damaged, 3]}
    table = read_answers(write("nn-lab-experiments-bob.json", file))
    assert list(table["question"]) == ["rnn/forget-bias", "rnn/length"]
    assert list(table["guess"]) == ["LSTM", 0.5]
    assert (table["student"][0], table["result"][0], table["lab_version"][0]) == ("nn-lab-experiments-bob", "open", "0.1.0")
    assert table["words"][0] == ["The LSTM, you are right."]
    assert len(table.attrs["problems"]) == 2


def test_checked_code_is_an_answer(write):
    results = [
        {"task": "VanillaRNN(d_in, d_hidden, d_out)", "agrees": True, "errors": {"outputs": 1e-7}},
        {"task": "LSTM(d_in, d_hidden, d_out)", "agrees": False, "errors": {"outputs": 0.5}, "mistake": "no-forget-gate"},
    ]
    run = {
        "schema": "nn-lab/run",
        "schema_version": 1,
        "lab_version": "0.2.0",
        "section": "rnn",
        "config": {"seed": 1},
        "seed": 1,
        "device": {"kind": "cpu", "name": "PyTorch 2.15.0"},
        "begun": "2026-11-30T10:00:00.000Z",
        "finished": "2026-11-30T10:00:09.000Z",
        "series": [],
        "checked": {"file": "my_rnn.py", "date": "2026-11-30T10:00:00.000Z", "results": results},
    }
    table = read_answers(write("my_rnn.nnlab.json", run))
    row = table.iloc[0]
    assert (row["question"], row["kind"], row["result"], row["score"]) == ("rnn/code", "code", "partly", 0.5)
    assert row["words"][1] == "LSTM(d_in, d_hidden, d_out): differs: no-forget-gate"
    assert row["guess"] is None
    assert row["seconds"] == 9
    run["checked"]["results"] = [results[0]]
    assert read_answers(write("my_rnn.nnlab.json", run))["result"][0] == "right"
    for checked in ({}, {"results": []}, {"results": [3]}, {"results": 3}):
        with pytest.raises(FileProblem, match="damaged"):
            read_answers(write("my_rnn.nnlab.json", {**run, "checked": checked}))


# ---- Bad files

BAD = {
    "nothing.json": ("", "nothing in it"),
    "words.json": ("hello", "expected JSON"),
    "cut.json": (json.dumps(student_file("Ada", 1))[:300], "damaged or incomplete"),
    "list.json": ("[1, 2]", "expected an object"),
    "nan.json": ('{"schema": NaN}', "damaged"),
    "deep.json": ("[" * 100_000, "damaged"),
    "digits.json": ('{"schema_version": ' + "9" * 10_000 + "}", "damaged"),
    "other.json": ('{"name": "package"}', "another kind of file"),
    "newer.json": (
        json.dumps({**answers("Ada"), "schema_version": 2, "lab_version": "9.1.0"}),
        "version 9.1.0 of the lab in format 2",
    ),
    "no-version.json": ('{"schema": "nn-lab/answers"}', "expected schema version 1, found none"),
    "no-list.json": ('{"schema": "nn-lab/answers", "schema_version": 1}', "no list of answers"),
    "run.json": ('{"schema": "nn-lab/run", "schema_version": 1, "section": "rnn"}', "answers no question"),
    "too-many.json": (json.dumps(answers("Ada", *[answer("rnn/q1")] * 1001)), "at most 1,000 answers"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gives_a_sentence(name, write):
    text, words = BAD[name]
    with pytest.raises(FileProblem, match=words) as caught:
        read_answers(write(name, text))
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 400


def test_a_missing_binary_or_huge_file_gives_a_sentence(tmp_path):
    with pytest.raises(FileProblem, match="cannot be opened"):
        read_answers(tmp_path / "none.json")
    with pytest.raises(FileProblem, match="cannot be opened"):
        read_answers(tmp_path)
    path = tmp_path / "picture.json"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(FileProblem, match="not text in UTF-8"):
        read_answers(path)
    with path.open("wb") as file:
        file.truncate(16_000_001)
    with pytest.raises(FileProblem, match=r"expected at most 16 MB, found 16\.0 MB"):
        read_answers(path)
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(student_file("Ada", 1)).encode())
    assert len(read_answers(path)) == 3


def test_damaged_answers_are_left_out_and_the_rest_is_read(write):
    good = answer("rnn/q1", attempt("a", {"number": 1}, {}))
    bent = [3, {}, {"id": 4}, {"id": "x/y"}, {"id": "x/y", "attempts": 3}, {"id": "x/y", "attempts": [3]}, good]
    odd = answer(
        "mlp/q1",
        {"id": None, "time": 7, "guess": [], "outcome": 3},
        {
            "time": "yesterday",
            "outcome": {"seed": 1.5, "seeds": 1e300, "words": [{}], "measured": [1], "device": 1, "lab_version": {}},
        },
    )
    table = read_answers(write("a.json", answers("Ada", good, *bent, odd, answer("mlp/q2"))))
    assert list(table["question"]) == ["rnn/q1", "mlp/q1"]
    assert len(table.attrs["problems"]) == 7
    assert table.attrs["problems"][-1] == "a.json: It answers rnn/q1 twice; the first answer counts."
    every = read_answers(write("a.json", answers("Ada", odd)), every_attempt=True)
    assert every["time"].isna().all()
    assert every["seed"].isna().all()
    assert every["attempt_id"].nunique() == 2


def test_bad_lessons_give_a_sentence(write):
    for change in ({"id": None}, {"items": None}, {"items": [3]}, {"items": [{"id": "q1", "panel": "rnn"}]}):
        with pytest.raises(FileProblem, match="damaged"):
            read_lesson({**LESSON, **change})
    with pytest.raises(FileProblem, match="another kind of file"):
        read_lesson(write("a.json", student_file("Ada", 1)))
    with pytest.raises(FileProblem, match="newer"):
        read_lesson({**LESSON, "schema_version": 2})
    assert list(read_lesson(LESSON).questions) == ["rnn/q1", "rnn/q2", "rnn/forget-bias"]


# ---- Classes


def test_a_class_is_read_in_spite_of_bad_files(write, tmp_path):
    write("ada.json", student_file("Ada", 1, guess=0.52))
    write("group/bob.json", student_file("Bob", 2, guess=0.9, choice="RNN"))
    write("lesson.json", LESSON)
    write("essay.docx", "x")
    for name, (text, _) in BAD.items():
        write(name, text)
    write("other-lesson.json", answers("Cleo", answer("rnn/q9", attempt("z", {"number": 1}, {})), lesson="gates"))
    with pytest.warns(UserWarning, match="problems"):
        table = read_class(tmp_path, tmp_path / "lesson.json")
    assert sorted(table["student"].unique()) == ["Ada", "Bob"]
    problems = table.attrs["problems"]
    assert len(problems) == len(BAD) + 2
    assert problems[0] == "1 file is not .json and not read."
    assert 'other-lesson.json: The file belongs to another lesson: expected "memory", found "gates".' in problems
    assert all(any(problem.startswith(f"{name}: ") for problem in problems) for name in BAD)
    result = grades(table)
    assert list(result.columns) == ["name", "score", "max", "rnn/q1", "rnn/q2", "rnn/forget-bias"]
    assert result.values.tolist() == [["Ada", 3, 3, 1, 1, 1], ["Bob", 1, 3, 0, 0, 1]]
    table = quiet_class(tmp_path)
    assert (
        "The files belong to 2 lessons: memory (2), gates (1). With a lesson file, only its answers count."
        in table.attrs["problems"]
    )


def test_two_students_with_one_name_are_kept_apart(write, tmp_path):
    write("1.json", student_file("Ada  Lovelace", 1))
    write("2.json", student_file("ada lovelace", 2, guess=0.9))
    table = quiet_class(tmp_path)
    assert sorted(table["student"].unique()) == ["Ada  Lovelace (1)", "ada lovelace (2)"]
    assert table.attrs["problems"] == [
        "Ada  Lovelace is the name in 2 files with different runs: 1.json, 2.json. They are kept apart."
    ]


def test_of_work_that_was_handed_in_twice_the_newer_file_counts(write, tmp_path):
    old = student_file("Ada", 1)
    old["answers"] = old["answers"][:1]
    write("old.json", old)
    write("new.json", {**student_file("Ada", 1), "saved": "2026-11-30T21:00:00.000Z"})
    write("copy.json", old)
    table = quiet_class(tmp_path)
    assert set(table["file"]) == {"new.json"}
    assert len(table) == 3
    assert table.attrs["problems"] == [
        "copy.json: Ada handed in this work more than once; new.json counts, because it is newer.",
        "old.json: Ada handed in this work more than once; new.json counts, because it is newer.",
    ]


def test_the_same_run_under_two_names_is_marked(write, tmp_path):
    write("ada.json", student_file("Ada", 1))
    copied = student_file("Bob", 1)
    copied["answers"][1]["attempts"][0]["id"] = "own"
    write("bob.json", copied)
    table = quiet_class(tmp_path).set_index(["student", "question"])
    assert table.loc[("Ada", "rnn/q1"), "same_as"] == "Bob"
    assert table.loc[("Bob", "rnn/forget-bias"), "same_as"] == "Ada"
    assert table.loc[("Bob", "rnn/q2"), "same_as"] == ""
    assert table.attrs["problems"] == ["Ada and Bob handed in the same run of rnn/q1, rnn/forget-bias."]


def test_files_without_a_name_go_by_their_own(write, tmp_path):
    write("a/answers.json", student_file(None, 1))
    write("b/answers.json", student_file("", 2))
    write("c/work.json", student_file(None, 3))
    table = quiet_class(tmp_path)
    assert sorted(table["student"].unique()) == ["answers (a/answers)", "answers (b/answers)", "work"]
    assert table.attrs["problems"] == ["3 files have no student's name and go by the name of the file."]


def test_answers_outside_the_lesson_are_left_out(write, tmp_path):
    file = student_file("Ada", 1)
    file["lesson"] = None
    file["answers"].append(answer("rnn/ask-0123abcd", attempt("z", {"number": 1}, {})))
    write("ada.json", file)
    write("bob.json", answers("Bob", answer("mlp/q1", attempt("y", {"number": 1}, {})), lesson=None))
    table = quiet_class(tmp_path, LESSON)
    assert len(table) == 3
    assert table.attrs["problems"] == [
        'ada.json: rnn/ask-0123abcd is not part of the lesson "memory" and was left out.',
        'bob.json: None of its answers belongs to the lesson "memory"; it answers mlp/q1.',
    ]


def test_students_and_questions_without_answers_are_in_the_grades(write, tmp_path):
    write("ada.json", answers("Ada", answer("rnn/q9", attempt("z", {"number": 1}, {}))))
    write("bob.json", answers("Bob", answer("rnn/q1", attempt("a", {"number": 1}, None))))
    write("cleo.json", answers("Cleo"))
    table = quiet_class(tmp_path, LESSON)
    assert table.attrs["problems"] == [
        'ada.json: rnn/q9 is not part of the lesson "memory" and was left out.',
        "cleo.json: The file has no answers.",
    ]
    result = grades(table)
    assert list(result["name"]) == ["Ada", "Bob"]
    assert list(result["score"]) == [0, 0]
    # Nobody has done the experiment, so it has no score.
    assert list(result["max"]) == [2, 2]
    assert result["rnn/q1"].isna().all()


def test_questions_without_a_right_answer_have_no_grade(write, tmp_path):
    lesson = copy.deepcopy(LESSON)
    del lesson["items"][0]["keys"]["ask_answer"]
    write("ada.json", student_file("Ada", 1))
    assert list(grades(read_class(tmp_path, lesson)).columns[3:]) == ["rnn/q2", "rnn/forget-bias"]


def test_a_list_of_files_and_an_empty_folder(write, tmp_path):
    paths = [write("a/1.json", student_file("Ada", 1)), write("b/1.json", student_file("Bob", 2))]
    assert read_class(paths)["student"].nunique() == 2
    assert read_class(paths[0])["student"].nunique() == 1
    (tmp_path / "empty").mkdir()
    table = read_class(tmp_path / "empty")
    assert tuple(table.columns) == COLUMNS
    assert grades(table).empty
    with pytest.raises(FileProblem, match="There is no folder"):
        read_class(tmp_path / "none")


def test_sixty_files_are_read_and_graded_in_a_second(write, tmp_path):
    for n in range(60):
        write(f"{n:02}.json", student_file(f"Student {n}", n, guess=n / 60))
    start = time.perf_counter()
    table = read_class(tmp_path, LESSON)
    result = grades(table)
    seconds = time.perf_counter() - start
    assert len(table) == 180
    assert len(result) == 60
    assert table.attrs["problems"] == []
    print(f"sixty files in {seconds:.3f} s")
    assert seconds < 1
