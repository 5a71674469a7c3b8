"""Panels of the Neural network lab in notebooks, and readers for the files that students hand in.

>>> from nn_lab import Lab, read_class
>>> Lab("rnn", seq_len=50, show="memory")  # a panel, which trains in the browser
>>> table = read_class("answers", lesson="memory.json")  # one row per student and question
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nn_lab.files import FileProblem, Lesson, read_lesson
    from nn_lab.grading import Grade
    from nn_lab.tables import grades, read_answers, read_class, read_run
    from nn_lab.widget import Lab

__all__ = [
    "FileProblem",
    "Grade",
    "Lab",
    "Lesson",
    "grades",
    "read_answers",
    "read_class",
    "read_lesson",
    "read_run",
]

try:
    __version__ = version("nn-lab")
except PackageNotFoundError:  # from a source folder
    __version__ = "0"

# Jupyter Server imports this package for its extension only, so pandas and anywidget are imported on first use.
_HOMES = {
    "FileProblem": "files",
    "Grade": "grading",
    "Lab": "widget",
    "Lesson": "files",
    "grades": "tables",
    "read_answers": "tables",
    "read_class": "tables",
    "read_lesson": "files",
    "read_run": "tables",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "nn_lab.jupyter"}]
