"""Opens the files that students hand in. They are read as data: nothing in them is executed.

Three kinds of files answer questions: ``nn-lab/answers``, the older ``nn-lab/experiments``, and a saved run (``nn-lab/run``)
with the result of a code check. All of them become a :class:`Record`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nn_lab.grading import Grade, number

#: The maximum length of a file in bytes, as in the lab.
MAX_BYTES = 16_000_000
MAX_ANSWERS = 1000
MAX_ATTEMPTS = 1000
MAX_CHARS = 400

ANSWERS, EXPERIMENTS, RUN, LESSON = "nn-lab/answers", "nn-lab/experiments", "nn-lab/run", "nn-lab/lesson"
#: The version of the formats above that this package reads.
VERSION = 1
RESULTS = ("right", "partly", "wrong", "open")


class FileProblem(ValueError):
    """The reason a file is not read, as a sentence without the name of the file."""


@dataclass(frozen=True)
class Attempt:
    """One prediction and, once the run is over, its outcome."""

    id: str
    time: str | None
    guess: Mapping[str, Any] | None
    outcome: Mapping[str, Any] | None

    @property
    def measured(self) -> dict[str, float | None]:
        """The measured numbers by name."""
        measured = self._of("measured")
        return {str(name): number(value) for name, value in measured.items()} if isinstance(measured, Mapping) else {}

    @property
    def curve(self) -> Any:
        """The measured curve, if a curve was predicted."""
        return self._of("curve")

    @property
    def grade(self) -> Grade:
        """The verdict that the lab wrote into the file."""
        verdict = self._of("verdict")
        verdict = verdict if isinstance(verdict, Mapping) else {}
        result, score = verdict.get("result"), number(verdict.get("score"))
        if result not in RESULTS:
            result = "open"
        if score is None or not 0 <= score <= 1 or result == "open":
            score = None
        return Grade(str(result), score, number(verdict.get("off")))

    def _of(self, name: str) -> Any:
        return self.outcome.get(name) if self.outcome else None


@dataclass(frozen=True)
class Answer:
    """A question and all attempts to answer it, the first guess first."""

    id: str
    section: str
    kind: str
    text: str
    attempts: tuple[Attempt, ...]


@dataclass
class Record:
    """The answers of a student in one file."""

    name: str
    student: str | None
    lesson: str | None
    saved: str
    lab_version: str | None
    answers: list[Answer] = field(default_factory=list)
    #: One sentence per part of the file that was left out.
    problems: list[str] = field(default_factory=list)

    def attempt_ids(self) -> set[str]:
        """Return the ids of all attempts. A run that was handed in twice has the same ids."""
        return {attempt.id for answer in self.answers for attempt in answer.attempts}


@dataclass(frozen=True)
class Lesson:
    """A lesson file: the id, the title, and the keys of each question by the id of its answer."""

    id: str
    title: str
    questions: dict[str, dict[str, Any]]


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the JSON object in a file.

    Raises:
        FileProblem: if there is no such file, or if it is too long or not a JSON object.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise FileProblem(f"The file is too long: expected at most {MAX_BYTES // 10**6} MB, found {size / 1e6:.1f} MB.")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileProblem(f"The file cannot be opened: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise FileProblem("The file is not text in UTF-8, so it is not a file of the lab.") from None
    try:
        value = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        found = f"line {error.lineno}: {error.msg}" if text.strip() else "nothing in it"
        raise FileProblem(f"The file is damaged or incomplete: expected JSON, found {found}.") from None
    except (ValueError, RecursionError):
        raise FileProblem("The file is damaged: it has a value that no file of the lab has.") from None
    if not isinstance(value, dict):
        raise FileProblem("This is not a file of the lab: expected an object, found another JSON value.")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def check_version(value: Mapping[str, Any], *schemas: str) -> str:
    """Return the schema of a file.

    Raises:
        FileProblem: if it is not one of these, or has another version.
    """
    schema, version = value.get("schema"), value.get("schema_version")
    if schema not in schemas:
        expected = " or ".join(f'"{schema}"' for schema in schemas)
        found = f'"{plain_text(schema)}"' if isinstance(schema, str) else "none"
        raise FileProblem(f"This is another kind of file: expected the schema {expected}, found {found}.")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise FileProblem(f"The file is damaged: expected schema version {VERSION}, found {plain_text(version) or 'none'}.")
    if version > VERSION:
        lab = plain_text(value.get("lab_version"))
        by = f"version {lab} of the lab" if lab else "a newer version of the lab"
        raise FileProblem(
            f"The file was written by {by} in format {version}; this package reads format {VERSION}. Install a newer nn-lab."
        )
    return str(schema)


def read_record(path: str | os.PathLike[str], name: str | None = None) -> Record:
    """Return the answers in a file.

    Args:
        path: The file.
        name: The name for sentences about the file; by default its own.

    Raises:
        FileProblem: if the file has no answers or is damaged.
    """
    value = read_json(path)
    schema = check_version(value, ANSWERS, EXPERIMENTS, RUN)
    name = name or Path(path).name
    record = Record(name, None, None, "", plain_text(value.get("lab_version")) or None)
    if schema == ANSWERS:
        _read_answers(value, record)
    elif schema == EXPERIMENTS:
        _read_experiments(value, record)
    else:
        _read_checked(value, record)
    return record


def read_lesson(lesson: str | os.PathLike[str] | Mapping[str, Any] | Lesson) -> Lesson:
    """Return a lesson from its file, or from the object in it.

    Raises:
        FileProblem: if it is not a lesson or is damaged.
    """
    if isinstance(lesson, Lesson):
        return lesson
    value = lesson if isinstance(lesson, Mapping) else read_json(lesson)
    check_version(value, LESSON)
    id, items = value.get("id"), value.get("items")
    if not isinstance(id, str) or not id or not isinstance(items, list):
        raise FileProblem("The lesson is damaged: it has no id or no list of items.")
    questions = {}
    for item in items:
        keys = item.get("keys") if isinstance(item, Mapping) else None
        panel = plain_text(item.get("panel")) if isinstance(item, Mapping) else ""
        if not panel or not isinstance(keys, Mapping):
            raise FileProblem("The lesson is damaged: one of its items has no panel or no keys.")
        item_id = plain_text(item.get("id"))
        experiment, question = plain_text(keys.get("experiment")), plain_text(keys.get("ask"))
        # An open experiment replaces a question, and `show` may name one.
        if experiment:
            questions[f"{panel}/{experiment}"] = {name: value for name, value in keys.items() if name != "ask"}
        elif question and item_id:
            questions[f"{panel}/{item_id}"] = dict(keys)
        else:
            shown = (plain_text(part) for part in str(keys.get("show", "")).split(","))
            questions.update({f"{panel}/{name}": dict(keys) for name in shown if name})
    return Lesson(id, plain_text(value.get("title")) or id, questions)


def _read_answers(value: Mapping[str, Any], record: Record) -> None:
    lesson, answers = value.get("lesson"), value.get("answers")
    record.lesson = plain_text(lesson.get("id")) or None if isinstance(lesson, Mapping) else None
    record.student = plain_text(value.get("student")) or None
    record.saved = plain_text(value.get("saved"))
    if not isinstance(answers, list):
        raise FileProblem("The file is damaged: it has no list of answers.")
    if len(answers) > MAX_ANSWERS:
        raise FileProblem(f"The file has too much in it: expected at most {MAX_ANSWERS:,} answers, found {len(answers):,}.")
    for at, answer in enumerate(answers, start=1):
        id = plain_text(answer.get("id")) if isinstance(answer, Mapping) else ""
        attempts = answer.get("attempts") if id else None
        if not isinstance(attempts, list) or not all(isinstance(attempt, Mapping) for attempt in attempts):
            record.problems.append(f"{record.name}: Answer {at} is damaged and was left out.")
            continue
        if not attempts:
            continue
        read = tuple(_read_attempt(id, n, attempt) for n, attempt in enumerate(attempts[:MAX_ATTEMPTS]))
        if any(known.id == id for known in record.answers):
            record.problems.append(f"{record.name}: It answers {id} twice; the first answer counts.")
            continue
        section = plain_text(answer.get("section")) or id.partition("/")[0]
        kind = answer.get("kind") if answer.get("kind") in ("question", "experiment", "code") else "question"
        record.answers.append(Answer(id, section, kind, plain_text(answer.get("question")), read))


def _read_attempt(question: str, at: int, attempt: Mapping[str, Any]) -> Attempt:
    guess, outcome, time = attempt.get("guess"), attempt.get("outcome"), plain_text(attempt.get("time")) or None
    return Attempt(
        id=plain_text(attempt.get("id")) or _id_of(question, at, time),
        time=time,
        guess=guess if isinstance(guess, Mapping) else None,
        outcome=outcome if isinstance(outcome, Mapping) else None,
    )


def _read_experiments(value: Mapping[str, Any], record: Record) -> None:
    """Read a list of guided experiments. It has neither names nor verdicts, and only the last attempt."""
    experiments = value.get("experiments")
    if not isinstance(experiments, list):
        raise FileProblem("The file is damaged: it has no list of experiments.")
    for at, one in enumerate(experiments[:MAX_ANSWERS], start=1):
        one = one if isinstance(one, Mapping) else {}
        section, experiment = plain_text(one.get("section")), plain_text(one.get("experiment"))
        answers = one.get("answers") if section and experiment else None
        if not isinstance(answers, list) or not all(isinstance(answer, Mapping) for answer in answers):
            record.problems.append(f"{record.name}: Experiment {at} is damaged and was left out.")
            continue
        prediction, time = one.get("prediction"), plain_text(one.get("finished")) or None
        kinds = (("choice", isinstance(prediction, str)), ("curve", isinstance(prediction, list)), ("number", True))
        kind = next(kind for kind, fits in kinds if fits)
        settings = one.get("config")
        config = settings if isinstance(settings, Mapping) else {}
        outcome = {
            "time": time,
            "measured": answers[0].get("numbers") if answers else None,
            "words": [plain_text(answer.get("words"), 2000) for answer in answers],
            "settings": config,
            "seed": config.get("seed"),
            "seeds": len(answers),
            "device": one.get("device"),
            "lab_version": one.get("lab_version"),
        }
        id = f"{section}/{experiment}"
        attempt = Attempt(_id_of(id, time, config), time, {kind: prediction}, outcome)
        record.answers.append(Answer(id, section, "experiment", plain_text(one.get("question")), (attempt,)))
        record.saved = max(record.saved, time or "")
        record.lab_version = record.lab_version or plain_text(one.get("lab_version")) or None


def _read_checked(value: Mapping[str, Any], record: Record) -> None:
    """Read the result of a code check. Its score is the fraction of the tasks that agree with the lab."""
    checked, section = value.get("checked"), plain_text(value.get("section"))
    if not isinstance(checked, Mapping):
        raise FileProblem("This is a saved run, which answers no question. Read it with read_run.")
    results = checked.get("results")
    if not section or not isinstance(results, list) or not results or not all(isinstance(one, Mapping) for one in results):
        raise FileProblem("The file is damaged: the results of its check are missing.")
    time = plain_text(checked.get("date")) or plain_text(value.get("begun")) or None
    n_right = sum(one.get("agrees") is True for one in results)
    result = "right" if n_right == len(results) else "partly" if n_right else "wrong"
    words = []
    for one in results:
        reason = plain_text(one.get("problem")) or plain_text(one.get("mistake"))
        says = "agrees" if one.get("agrees") is True else f"differs: {reason}" if reason else "differs"
        words.append(f"{plain_text(one.get('task'))}: {says}")
    config = value.get("config")
    outcome = {
        "time": plain_text(value.get("finished")) or None,
        "measured": {},
        "words": words,
        "verdict": {"result": result, "score": n_right / len(results), "seeds": 1},
        "settings": config,
        "seed": value.get("seed"),
        "seeds": 1,
        "device": value.get("device"),
        "lab_version": value.get("lab_version"),
    }
    record.saved = time or ""
    attempt = Attempt(_id_of(section, time, results, value.get("series")), time, None, outcome)
    record.answers.append(
        Answer(f"{section}/code", section, "code", f"Own code: {plain_text(checked.get('file'))}", (attempt,))
    )


def plain_text(value: Any, length: int = MAX_CHARS) -> str:
    """Return a text without control characters, shortened. Other values give an empty text, except for numbers."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    try:
        text = str(value)
    except ValueError:  # more digits than Python converts
        return ""
    return "".join(c if c.isprintable() else " " for c in text).strip()[:length]


def _id_of(*parts: Any) -> str:
    """Return an id for an attempt of a file that has none. It depends only on the content of the file."""
    return "file-" + hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:12]
