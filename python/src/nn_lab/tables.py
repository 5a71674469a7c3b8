"""Reads saved runs and students' answers into pandas."""

from __future__ import annotations

import math
import os
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pandas as pd

from nn_lab.files import (
    LESSON,
    RUN,
    Attempt,
    FileProblem,
    Lesson,
    Record,
    check_version,
    plain_text,
    read_json,
    read_lesson,
    read_record,
)
from nn_lab.grading import Grade, grade, is_gradable, number, points

PathLike = str | os.PathLike[str]
LessonLike = PathLike | Mapping[str, Any] | Lesson

#: The columns of :func:`read_answers` and :func:`read_class`.
COLUMNS = (
    "student",
    "question",
    "section",
    "kind",
    "text",
    "guess",
    "result",
    "score",
    "off",
    "attempts",
    "time",
    "seconds",
    "value",
    "measured",
    "words",
    "last_result",
    "settings",
    "seed",
    "seeds",
    "device",
    "lab_version",
    "lesson",
    "attempt_id",
    "same_as",
    "file",
)


def read_run(path: PathLike) -> pd.DataFrame:
    """Return the curves of a saved run, with one row per point.

    The columns are ``seed``, ``metric``, ``title``, ``unit``, ``step`` and ``value``; a value that was not finite is NaN. For
    a table with one column per curve, use ``run.pivot(index="step", columns="metric", values="value")``.

    Everything else is in ``run.attrs``: ``section``, ``config``, ``seed``, ``changes``, ``device``, ``begun``, ``finished``,
    ``outcome``, ``steps``, ``metrics`` (the numbers at the end), ``checks``, ``checked`` and ``lab_version``.

    Raises:
        FileProblem: if the file is not a saved run or is damaged.
    """
    value = read_json(path)
    check_version(value, RUN)
    others = value.get("seeds", [])
    if not isinstance(value.get("section"), str) or not isinstance(others, list):
        raise FileProblem("The file is damaged: it has no section or no list of seeds.")
    columns: dict[str, list[Any]] = {name: [] for name in ("seed", "metric", "title", "unit", "step", "value")}
    for of_seed in [value, *others]:
        if not isinstance(of_seed, Mapping) or not isinstance(of_seed.get("series"), list):
            raise FileProblem("The file is damaged: it has no list of curves.")
        for series in of_seed["series"]:
            if not isinstance(series, Mapping) or not isinstance(series.get("points"), list):
                raise FileProblem("The file is damaged: one of its curves has no points.")
            read = points(series["points"])
            columns["step"].extend(x for x, _ in read)
            columns["value"].extend(y for _, y in read)
            columns["seed"].extend([of_seed.get("seed")] * len(read))
            for name in ("metric", "title", "unit"):
                columns[name].extend([str(series.get(name, ""))] * len(read))
    table = pd.DataFrame(columns).astype({"step": "float64", "value": "float64"})
    if len(table) and (table["step"] % 1 == 0).all() and table["step"].abs().max() < 2**53:
        table["step"] = table["step"].astype("int64")
    kept = ("section", "config", "seed", "changes", "device", "begun", "finished", "outcome", "steps", "checks", "checked")
    table.attrs = {name: value.get(name) for name in (*kept, "lab_version")}
    metrics = value.get("metrics")
    table.attrs["metrics"] = dict(metrics) if isinstance(metrics, Mapping) else {}
    return table


def read_answers(path: PathLike, lesson: LessonLike | None = None, every_attempt: bool = False) -> pd.DataFrame:
    """Return the answers in one file, with one row per question.

    ======================================= ===========================================================================
    Column                                  Content
    ======================================= ===========================================================================
    ``student``                             the name in the file, otherwise the name of the file
    ``question``, ``section``, ``kind``     such as ``rnn/q1`` and ``rnn``; ``question``, ``experiment`` or ``code``
    ``text``                                the question in words
    ``guess``                               the first guess: a number, the text of an option, or the points of a curve
    ``result``, ``score``                   ``right``, ``partly``, ``wrong`` or ``open``; from 0 to 1, NaN if open
    ``off``                                 the distance of a number or a curve from the right one
    ``attempts``, ``last_result``           the number of attempts; the result of the last one
    ``time``, ``seconds``                   the time of the guess (UTC); seconds from there to the result
    ``value``, ``measured``                 the number that the question asks for; all measured numbers by name
    ``words``                               the results in words, one per seed, where the lab wrote them
    ``settings``, ``seed``, ``seeds``       the run: all settings, the seed, the number of seeds
    ``device``, ``lab_version``             the device (``cpu`` or ``webgpu``, and its name); the version of the lab
    ``lesson``, ``attempt_id``              the lesson's id, if there is one; the id of the attempt
    ``same_as``                             other students whose file has the same attempt (``read_class`` only)
    ``file``                                the name of the file
    ======================================= ===========================================================================

    The score of a question is that of the first attempt. ``table.attrs["problems"]`` has a sentence for each part of the file
    that was left out.

    Args:
        path: A file from "Hand in", an older file of guided experiments, or a saved run with the result of a code check.
        lesson: A lesson file, or the object in it. Questions are then graded by its answer keys, and not by the verdicts in
            the file. Answers that are not part of the lesson are left out.
        every_attempt: Returns one row per attempt, the first guess first, with its number in ``attempts``.

    Raises:
        FileProblem: if the file has no answers, belongs to another lesson, or is damaged.
    """
    known = read_lesson(lesson) if lesson is not None else None
    record = read_record(path)
    _fit_lesson(record, known)
    name = record.student or Path(record.name).stem
    table = pd.DataFrame(_rows(record, name, known, every_attempt), columns=list(COLUMNS))
    return _finished(table, [name], known, record.problems)


def read_class(files: PathLike | Iterable[PathLike], lesson: LessonLike | None = None) -> pd.DataFrame:
    """Return the answers of a class, with one row per student and question.

    The columns are those of :func:`read_answers`. A file that cannot be read does not stop the others:
    ``table.attrs["problems"]`` has a sentence for each, and for everything else that a teacher should know. These are files
    of another lesson or a newer version, damaged and very long files, two students with one name, and the same run under two
    names.

    Args:
        files: A folder, which is searched with its subfolders for ``.json`` files, or a list of files.
        lesson: As for :func:`read_answers`.

    Raises:
        FileProblem: if there is no such folder, or if the lesson is damaged.
    """
    known = read_lesson(lesson) if lesson is not None else None
    problems: list[str] = []
    records = []
    for path, name in _paths(files, problems):
        try:
            record = read_record(path, name)
            if not record.answers:
                raise FileProblem("The file has no answers.")
            _fit_lesson(record, known)
        except FileProblem as problem:
            if not _is_lesson(path):
                problems.append(f"{name}: {problem}")
            continue
        problems += record.problems
        records.append(record)
    if known is None:
        lessons = Counter(record.lesson for record in records if record.lesson)
        if len(lessons) > 1:
            each = ", ".join(f"{id} ({count})" for id, count in lessons.most_common())
            problems.append(f"The files belong to {len(lessons)} lessons: {each}. With a lesson file, only its answers count.")
    names = _names(records, problems)
    rows = [row for record in records if record.name in names for row in _rows(record, names[record.name], known)]
    _mark_copies(rows, problems)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    if problems:
        n = len(problems)
        text = f"{n} {'problem' if n == 1 else 'problems'}, the first: {problems[0]} All are in table.attrs['problems']."
        warnings.warn(text, stacklevel=2)
    return _finished(table, names.values(), known, problems)


def grades(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per student: ``name``, ``score``, ``max``, and the score of each question.

    ``max`` is the number of questions that have a right answer. Without a lesson, and for experiments and code, these are the
    questions for which some student has a score. A question without an answer, or whose run was not finished, is NaN and adds
    nothing to the score.

    Args:
        table: The result of :func:`read_class` or :func:`read_answers`.
    """
    scored = table.dropna(subset=["score"])
    in_order = table.attrs.get("questions") or list(dict.fromkeys(table["question"]))
    counts = set(scored["question"]).union(table.attrs.get("gradable", ()))
    questions = [question for question in in_order if question in counts]
    # A student whose file has no answers is in no row.
    students = table.attrs.get("students") or sorted(table["student"].unique(), key=lambda name: (name.casefold(), name))
    scores = scored.drop_duplicates(["student", "question"]).pivot(index="student", columns="question", values="score")
    scores = scores.reindex(index=students, columns=questions)
    result = pd.DataFrame({"name": students, "score": scores.sum(axis=1).to_numpy(), "max": len(questions)})
    for question in questions:
        result[question] = scores[question].to_numpy()
    return result


def _paths(files: PathLike | Iterable[PathLike], problems: list[str]) -> list[tuple[Path, str]]:
    """Return the files and the names that sentences use for them."""
    if not isinstance(files, (str, os.PathLike)):
        paths = [Path(path) for path in files]
        twice = Counter(path.name for path in paths)
        return [(path, path.name if twice[path.name] == 1 else str(path)) for path in dict.fromkeys(paths)]
    folder = Path(files)
    if not folder.is_dir():
        if folder.is_file():
            return [(folder, folder.name)]
        raise FileProblem(f"There is no folder {folder}.")
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    paths = [path for path in found if path.suffix.lower() == ".json"]
    others = len(found) - len(paths)
    if others:
        problems.append(f"{others} {'file is' if others == 1 else 'files are'} not .json and not read.")
    return [(path, path.relative_to(folder).as_posix()) for path in paths]


def _is_lesson(path: Path) -> bool:
    """Return true for a lesson file, which may lie next to the answers."""
    try:
        return read_json(path).get("schema") == LESSON
    except FileProblem:
        return False


def _fit_lesson(record: Record, lesson: Lesson | None) -> None:
    """Keep only the answers of a lesson."""
    if lesson is None:
        return
    if record.lesson is not None and record.lesson != lesson.id:
        raise FileProblem(f'The file belongs to another lesson: expected "{lesson.id}", found "{record.lesson}".')
    others = [answer.id for answer in record.answers if answer.id not in lesson.questions]
    record.answers = [answer for answer in record.answers if answer.id in lesson.questions]
    if others and not record.answers and record.lesson is None:
        raise FileProblem(f'None of its answers belongs to the lesson "{lesson.id}"; it answers {_listed(others)}.')
    if others:
        record.problems.append(f'{record.name}: {_listed(others)} is not part of the lesson "{lesson.id}" and was left out.')


def _listed(names: list[str]) -> str:
    """Return at most five names, with commas between them."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _names(records: list[Record], problems: list[str]) -> dict[str, str]:
    """Return the student of each file that counts, by the name of the file."""
    by_student = defaultdict(list)
    for record in records:
        # Without a name, every file is a student of its own.
        key = " ".join(record.student.casefold().split()) if record.student else f"\0{record.name}"
        by_student[key].append(record)
    names = {}
    for same_name in by_student.values():
        groups = _same_runs(same_name)
        for group in groups:
            newest = max(group, key=lambda record: (record.saved, len(record.attempt_ids()), record.name))
            student = newest.student or Path(newest.name).stem
            names[newest.name] = student if len(groups) == 1 else f"{student} ({_stem(newest.name)})"
            for older in group:
                if older is not newest:
                    sentence = f"{student} handed in this work more than once; {newest.name} counts, because it is newer."
                    problems.append(f"{older.name}: {sentence}")
        if len(groups) > 1:
            of = _listed(sorted(record.name for group in groups for record in group))
            name = same_name[0].student
            problems.append(f"{name} is the name in {len(groups)} files with different runs: {of}. They are kept apart.")
    unnamed = sum(record.student is None for record in records)
    if unnamed:
        has, goes = ("file has", "goes") if unnamed == 1 else ("files have", "go")
        problems.append(f"{unnamed} {has} no student's name and {goes} by the name of the file.")
    # Files without a name can have the same name in different folders.
    for student, count in Counter(names.values()).items():
        if count > 1:
            names.update({name: f"{student} ({_stem(name)})" for name in names if names[name] == student})
    return names


def _stem(name: str) -> str:
    return name.removesuffix(".json")


def _same_runs(records: list[Record]) -> list[list[Record]]:
    """Return groups of files that share an attempt: the work of one student, handed in more than once."""
    groups: list[tuple[set[str], list[Record]]] = []
    for record in records:
        ids, members = record.attempt_ids(), [record]
        separate = []
        for other_ids, others in groups:
            # Two files without any answer are the same work.
            if ids & other_ids or not (ids or other_ids):
                ids, members = ids | other_ids, others + members
            else:
                separate.append((other_ids, others))
        groups = [*separate, (ids, members)]
    return [members for _, members in groups]


def _rows(record: Record, student: str, lesson: Lesson | None, every_attempt: bool = False) -> list[dict[str, Any]]:
    rows = []
    for answer in record.answers:
        keys = lesson.questions[answer.id] if lesson else None
        n = len(answer.attempts)
        last = _grade(answer.attempts[-1], keys)
        for at, attempt in enumerate(answer.attempts if every_attempt else answer.attempts[:1], start=1):
            found = _grade(attempt, keys)
            outcome, measured = attempt.outcome or {}, attempt.measured
            device = outcome.get("device")
            time, end = _time(attempt.time), _time(outcome.get("time"))
            guess = next(iter(attempt.guess.values()), None) if attempt.guess else None
            words = outcome.get("words")
            settings = outcome.get("settings")
            rows.append(
                {
                    "student": student,
                    "question": answer.id,
                    "section": answer.section,
                    "kind": answer.kind,
                    "text": answer.text,
                    "guess": guess,
                    "result": found.result,
                    "score": math.nan if found.score is None else found.score,
                    "off": math.nan if found.off is None else found.off,
                    "attempts": at if every_attempt else n,
                    "time": time,
                    "seconds": (end - time).total_seconds() if time is not pd.NaT and end is not pd.NaT else math.nan,
                    "value": _value(measured, keys),
                    "measured": measured,
                    "words": [plain_text(one, 2000) for one in words] if isinstance(words, list) else [],
                    "last_result": last.result,
                    "settings": dict(settings) if isinstance(settings, Mapping) else {},
                    "seed": _integer(outcome.get("seed")),
                    "seeds": _integer(outcome.get("seeds")),
                    "device": _device(device),
                    "lab_version": plain_text(outcome.get("lab_version")) or record.lab_version,
                    "lesson": record.lesson,
                    "attempt_id": attempt.id,
                    "same_as": "",
                    "file": record.name,
                }
            )
    return rows


def _grade(attempt: Attempt, keys: Mapping[str, Any] | None) -> Grade:
    """Return the verdict by the lesson's answer key. Experiments and code have none, so the file's own counts."""
    if keys is None or not keys.get("ask"):
        return attempt.grade
    return grade(keys, attempt.guess, attempt.measured, attempt.curve)


def _value(measured: Mapping[str, float | None], keys: Mapping[str, Any] | None) -> float:
    """Return the number that a question asks for: its first metric, or the only one."""
    asked = str(keys.get("ask_metric", "")).split(",")[0].strip() if keys else ""
    value = measured.get(asked) if asked else next(iter(measured.values())) if len(measured) == 1 else None
    return math.nan if value is None else value


def _device(device: Any) -> str:
    if not isinstance(device, Mapping):
        return ""
    return ": ".join(text for text in (plain_text(device.get(name)) for name in ("kind", "name")) if text)


def _time(value: Any) -> Any:
    try:
        time = datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else None
        return pd.NaT if time is None else pd.Timestamp(time if time.tzinfo else time.replace(tzinfo=timezone.utc))
    except (ValueError, OverflowError):
        return pd.NaT


def _integer(value: Any) -> int | None:
    value = number(value)
    return int(value) if value is not None and value.is_integer() and abs(value) < 2**53 else None


def _mark_copies(rows: list[dict[str, Any]], problems: list[str]) -> None:
    """Fill in ``same_as``, and add a sentence for each pair of students with the same run."""
    by_attempt = defaultdict(list)
    for row in rows:
        by_attempt[row["attempt_id"]].append(row)
    pairs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for same in by_attempt.values():
        students = sorted({row["student"] for row in same})
        for row in same if len(students) > 1 else []:
            row["same_as"] = ", ".join(student for student in students if student != row["student"])
        for at, student in enumerate(students):
            for other in students[at + 1 :]:
                pairs[student, other].append(same[0]["question"])
    for (student, other), questions in pairs.items():
        problems.append(f"{student} and {other} handed in the same run of {_listed(questions)}.")


def _finished(table: pd.DataFrame, students: Iterable[str], lesson: Lesson | None, problems: list[str]) -> pd.DataFrame:
    """Return the table with the types of its columns, and with what :func:`grades` needs."""
    table = table.astype({"score": "float64", "off": "float64", "seconds": "float64", "value": "float64", "attempts": "int64"})
    table = table.astype({"seed": "Int64", "seeds": "Int64"})
    table["time"] = pd.to_datetime(table["time"], utc=True, errors="coerce")
    table.attrs["problems"] = list(problems)
    table.attrs["students"] = sorted(students, key=lambda name: (name.casefold(), name))
    if lesson:
        table.attrs["lesson"] = {"id": lesson.id, "title": lesson.title}
        table.attrs["questions"] = list(lesson.questions)
        table.attrs["gradable"] = [id for id, keys in lesson.questions.items() if is_gradable(keys)]
    return table
