"""Grades a folder of handed-in files: ``python -m nn_lab.grade FOLDER [--lesson LESSON.json] [--out grades.csv]``.

Writes one row per student to the CSV file, or to standard output without ``--out``: ``name``, ``score``, ``max``, and the
score of each question from 0 to 1. A cell is empty if the student has no score. With ``--long``, there is one row per answer.
A summary and a sentence per problem go to standard error.

Exit codes: 0 if all files were read, 1 if the grades were written and there are problems, 2 if there is nothing to grade or
the arguments are wrong.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import sys
import warnings
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from nn_lab.files import FileProblem, read_lesson
from nn_lab.tables import grades, read_class


def main(arguments: Sequence[str] | None = None) -> int:
    """Grade the files that the arguments name, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m nn_lab.grade",
        description="Grades a folder of files that students handed in, and writes a CSV file with one row per student.",
        epilog="Exit codes: 0 all files were read; 1 the grades were written, and there are problems; 2 nothing was graded.",
    )
    parser.add_argument("folder", type=Path, help="a folder, which is searched with its subfolders for .json files")
    parser.add_argument("--lesson", type=Path, help="the lesson file, whose answer keys replace the verdicts in the files")
    parser.add_argument("--out", type=Path, help="the CSV file (default: standard output)")
    parser.add_argument("--long", action="store_true", help="write one row per answer")
    args = parser.parse_args(arguments)
    lesson = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            if args.lesson:
                try:
                    lesson = read_lesson(args.lesson)
                except FileProblem as problem:
                    raise FileProblem(f"{args.lesson}: {problem}") from None
            table = read_class(args.folder, lesson)
    except FileProblem as problem:
        return _fail(str(problem))
    problems = table.attrs["problems"]
    for sentence in problems:
        print(sentence, file=sys.stderr)
    if not table.attrs["students"]:
        return _fail(f"There are no answers in {args.folder}.")
    text = to_csv(table if args.long else grades(table))
    if args.out:
        try:
            # Spreadsheets recognize UTF-8 by the mark at the start.
            args.out.write_text(text, encoding="utf-8-sig", newline="")
        except OSError as error:
            return _fail(f"{args.out} cannot be written: {error.strerror or error}.")
    else:
        sys.stdout.write(text)
    print(summary(table), file=sys.stderr)
    return 1 if problems else 0


def summary(table: pd.DataFrame) -> str:
    """Return a few lines: the number of students, the mean score, and the results of each question."""
    result = grades(table)
    n, questions = len(result), list(result.columns[3:])
    lines = [f"{n} {'student' if n == 1 else 'students'}, {len(table)} {'answer' if len(table) == 1 else 'answers'}"]
    if questions:
        lines[0] += f"; mean score {result['score'].mean():.2f} of {len(questions)}"
    for question, answers in table.groupby("question", sort=False):
        counts = answers["result"].value_counts()
        parts = [f"{counts[one]} {one}" for one in ("right", "partly", "wrong", "open") if one in counts]
        lines.append(f"{question}: {', '.join(parts)}")
    lines += [f"{question}: no answers" for question in questions if question not in set(table["question"])]
    return "\n".join(lines)


def to_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV. Texts that a spreadsheet would run as a formula get an apostrophe in front."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_cell(str(name)) for name in table.columns])
    for row in table.itertuples(index=False, name=None):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=str) if value else ""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, str):
        return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
