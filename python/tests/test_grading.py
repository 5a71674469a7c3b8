"""The rules of grading. The class view's tests read the same cases."""

import json
import math
from pathlib import Path

import pytest

from nn_lab.grading import grade, is_gradable, mean_distance, number, points

CASES = json.loads((Path(__file__).parents[2] / "tests/coursework/grading.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case):
    found = grade(case["keys"], case["guess"], case["measured"], case["curve"])
    expected = case["expected"]
    assert (found.result, found.score) == (expected["result"], expected["score"])
    if expected["off"] is None:
        assert found.off is None
    else:
        assert found.off == pytest.approx(expected["off"], abs=1e-12)
    if found.score is not None:
        assert is_gradable(case["keys"])


def test_names_of_the_cases_are_unique():
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names))


def test_values_that_are_not_finite_are_not_measured():
    keys = {"ask_guess": "number", "ask_metric": "loss", "ask_answer": "measured"}
    for value in (math.nan, math.inf, -math.inf, None, "1", True, [1], 10**400):
        assert grade(keys, {"number": 1}, {"loss": value}).result == "open", value
    assert number(10**400) is None
    assert grade(keys, {"number": math.nan}, {"loss": 1.0}).result == "open"


def test_keys_of_a_lesson_file_may_be_numbers():
    keys = {"ask_guess": "number", "ask_metric": "loss", "ask_answer": 0.9, "ask_tolerance": 0.05}
    assert grade(keys, {"number": 0.85}).result == "right"
    assert grade({**keys, "ask_answer": True}, {"number": 1}).result == "open"


def test_an_unfinished_key_is_not_gradable():
    assert not is_gradable({})
    assert not is_gradable({"ask_guess": "number"})
    assert not is_gradable({"ask_guess": "choice", "ask_options": "a|b", "ask_answer": "c"})
    assert not is_gradable({"ask_guess": "choice", "ask_options": "a|b", "ask_answer": "largest", "ask_metric": "x"})
    assert is_gradable({"ask_guess": "choice", "ask_options": "a|b", "ask_answer": "largest", "ask_metric": "x,y"})


def test_anything_in_place_of_a_prediction_is_open():
    for kind in ("number", "choice", "curve", "none", "", 3, None):
        keys = {"ask_guess": kind, "ask_answer": "measured", "ask_options": "a|b", "ask_metric": "x"}
        for guess in (None, [], "text", 3, {}, {"number": "1"}, {"choice": 1}, {"curve": "x"}, {"curve": [1, [1], [None, 2]]}):
            found = grade(keys, guess, {"x": 1.0}, [[1, 1.0]])
            assert found.score is None, (kind, guess)


def test_the_distance_of_curves():
    assert points([[1, 2], [3, None], ["a", 1], 7, [1, 2, 3]])[0] == (1.0, 2.0)
    assert mean_distance([(0.0, 1.0)], []) is None
    assert mean_distance([(0.0, 1.0)], [(0.0, 1.0)]) is None
    assert mean_distance([(0.0, 1.0), (1.0, 3.0)], [(0.0, 0.0), (10.0, 1.0)]) == 1.5
