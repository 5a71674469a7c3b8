"""Compares a prediction with the answer key of its question.

The class view of the lab grades by the same rules. Both read the cases in ``tests/coursework/grading.json``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: The allowance for numbers at the edge of a tolerance: 0.85 counts as within 0.05 of 0.9, in spite of rounding.
ROUNDING = 1e-9
#: The tolerance of a number without ``ask_tolerance``, relative to the right value.
NUMBER_TOLERANCE = 0.05
#: The tolerance of a curve without ``ask_tolerance``, relative to the vertical axis.
CURVE_TOLERANCE = 0.1

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NAME = re.compile(r"[a-z0-9_-]{1,60}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# A panel reads as many.
_MAX_METRICS = 4
_MAX_OPTIONS = 8
_MAX_OPTION = 80

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Grade:
    """The verdict on one prediction.

    Attributes:
        result: ``right``, ``wrong``, or ``open`` if no right answer is known. Files also have ``partly``, for a prediction
            that is right for some seeds.
        score: From 0 to 1, or ``None`` if the result is open.
        off: The distance of a number from the right one, or the mean distance of a curve; ``None`` for a choice.
    """

    result: str
    score: float | None
    off: float | None = None


def grade(
    keys: Mapping[str, Any],
    guess: Mapping[str, Any] | None,
    measured: Mapping[str, Any] | None = None,
    curve: Iterable[Any] | None = None,
) -> Grade:
    """Return the verdict on a prediction.

    Args:
        keys: The keys of the question, as in an address or a lesson file: ``ask_guess``, ``ask_answer``, ``ask_tolerance``,
            ``ask_metric``, ``ask_options`` and ``ask_range``.
        guess: ``{"number": 0.5}``, ``{"choice": "LSTM"}`` or ``{"curve": [[fraction, y], ...]}``.
        measured: The measured numbers by name. Values that are not finite numbers count as not measured.
        curve: The measured curve as ``[[step, y], ...]``.
    """
    guess = guess if isinstance(guess, Mapping) else {}
    measured = measured if isinstance(measured, Mapping) else {}
    kind = _kind(keys)
    if kind == "number":
        return _grade_number(keys, number(guess.get("number")), measured)
    if kind == "choice":
        choice = guess.get("choice")
        return _grade_choice(keys, _clean(choice) if isinstance(choice, str) else None, measured)
    if kind == "curve":
        return _grade_curve(keys, points(guess.get("curve")), points(curve))
    return Grade("open", None)


def is_gradable(keys: Mapping[str, Any]) -> bool:
    """Return true if the keys have a right answer that can be compared with a prediction."""
    kind, answer = _kind(keys), _text(keys, "ask_answer")
    if kind == "number":
        return answer == "measured" or _read_range(answer) is not None
    if kind == "choice":
        options = _options(keys)
        return answer in options or (answer in ("largest", "smallest") and len(_metrics(keys)) == len(options))
    return kind == "curve" and answer == "measured"


def _grade_number(keys: Mapping[str, Any], guess: float | None, measured: Mapping[str, Any]) -> Grade:
    if guess is None:
        return Grade("open", None)
    answer = _text(keys, "ask_answer")
    if ".." in answer and (ends := _read_range(answer)):
        low, high = ends
        off = max(low - guess, guess - high, 0.0)
        # A range has no tolerance: its ends are given.
        return _verdict(off <= ROUNDING * max(abs(low), abs(high), 1.0), off)
    right = _read_number(answer)
    is_gradable = right is not None or answer == "measured"
    if right is None:
        right = number(measured.get(_metrics(keys)[0]))
    if right is None:
        return Grade("open", None)
    off = abs(right - guess)
    if not is_gradable:
        return Grade("open", None, off)
    return _verdict(_is_within(off, _tolerance(keys, NUMBER_TOLERANCE * abs(right))), off)


def _grade_choice(keys: Mapping[str, Any], guess: str | None, measured: Mapping[str, Any]) -> Grade:
    answer, options = _text(keys, "ask_answer"), _options(keys)
    if guess is None:
        return Grade("open", None)
    if answer in options:
        return _verdict(guess == answer, None)
    metrics = _metrics(keys)
    if answer not in ("largest", "smallest") or len(metrics) != len(options) or guess not in options:
        return Grade("open", None)
    values = [number(measured.get(metric)) for metric in metrics]
    finite = [value for value in values if value is not None]
    if len(finite) < len(values):
        return Grade("open", None)
    best = max(finite) if answer == "largest" else min(finite)
    # Several options can have the same value, and then each of them is right.
    return _verdict(any(guess == option and value == best for option, value in zip(options, finite, strict=True)), None)


def _grade_curve(keys: Mapping[str, Any], guess: Points, measured: Points) -> Grade:
    off = mean_distance(guess, measured)
    if off is None or _text(keys, "ask_answer") != "measured":
        return Grade("open", None, off)
    low, high = _axis(keys) or (0.0, 0.0)
    return _verdict(_is_within(off, _tolerance(keys, CURVE_TOLERANCE * (high - low))), off)


def mean_distance(drawn: Points, measured: Points) -> float | None:
    """Return the mean vertical distance of a drawn curve, over fractions of the run, from a measured one.

    A drawn point is compared with the last measured point before it. Drawn points before the first measurement, and measured
    values that are not finite, are left out. Without any comparison the result is ``None``.
    """
    end = measured[-1][0] if measured else 0.0
    if not end > 0:
        return None
    distances = []
    for x, y in drawn:
        before = None
        for at, value in measured:
            if at > x * end:
                break
            before = value
        if before is not None and math.isfinite(before) and math.isfinite(y):
            distances.append(abs(before - y))
    return math.fsum(distances) / len(distances) if distances else None


def number(value: Any) -> float | None:
    """Return a finite number, or ``None`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        value = float(value)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def points(value: Any) -> list[tuple[float, float]]:
    """Return the points of a curve. A value that is not a number becomes NaN; a point without a place is left out."""
    result = []
    for point in value if isinstance(value, (list, tuple)) else []:
        if isinstance(point, (list, tuple)) and len(point) == 2:
            x, y = (number(part) for part in point)
            if x is not None:
                result.append((x, math.nan if y is None else y))
    return result


def _verdict(is_right: bool, off: float | None) -> Grade:
    return Grade("right", 1.0, off) if is_right else Grade("wrong", 0.0, off)


def _is_within(off: float, tolerance: float) -> bool:
    return off <= tolerance + ROUNDING * max(tolerance, 1.0)


def _kind(keys: Mapping[str, Any]) -> str:
    """Return the kind of the prediction, or an empty text if the panel shows the question without one."""
    kind = _text(keys, "ask_guess")
    is_complete = {
        "number": bool(_metrics(keys)),
        "choice": len(_options(keys)) > 1,
        "curve": bool(_metrics(keys)) and _axis(keys) is not None,
    }
    return kind if is_complete.get(kind) else ""


def _text(keys: Mapping[str, Any], name: str) -> str:
    """Return the value of a key as an address has it. Lesson files may have numbers and booleans."""
    value = keys.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return _clean(str(value))
    return ""


def _clean(text: str) -> str:
    return _CONTROL.sub("", text).strip()


def _read_number(text: str) -> float | None:
    text = text.strip()
    return number(float(text)) if _NUMBER.fullmatch(text) else None


def _read_range(text: str) -> tuple[float, float] | None:
    """Return the ends of a range, which are equal if the text is a single number."""
    low, separator, high = text.partition("..")
    ends = (_read_number(low), _read_number(high if separator else low))
    if ends[0] is None or ends[1] is None or ends[0] > ends[1]:
        return None
    return ends[0], ends[1]


def _tolerance(keys: Mapping[str, Any], default: float) -> float:
    tolerance = _read_number(_text(keys, "ask_tolerance"))
    return default if tolerance is None or tolerance < 0 else tolerance


def _axis(keys: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the ends of the vertical axis of a curve, from 0 to 1 by default."""
    low, _, high = (_text(keys, "ask_range") or "0,1").partition(",")
    ends = (_read_number(low), _read_number(high))
    if ends[0] is None or ends[1] is None or ends[0] >= ends[1]:
        return None
    return ends[0], ends[1]


def _metrics(keys: Mapping[str, Any]) -> list[str]:
    names = (part.strip() for part in _text(keys, "ask_metric").split(","))
    return [name for name in names if _NAME.fullmatch(name)][:_MAX_METRICS]


def _options(keys: Mapping[str, Any]) -> list[str]:
    """Return the options of a choice, each once and in their order."""
    options = (_clean(option)[:_MAX_OPTION].rstrip() for option in _text(keys, "ask_options").split("|"))
    return list(dict.fromkeys(option for option in options if option))[:_MAX_OPTIONS]
