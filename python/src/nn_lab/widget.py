"""The widget: a panel of the lab in a notebook."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anywidget
import pandas as pd
import traitlets

from nn_lab import site
from nn_lab.files import LESSON, FileProblem, check_version, read_json
from nn_lab.tables import LessonLike

_EXPORT = "export default { render };"
_SETTING = re.compile(r"[a-z][a-z0-9_]*")
#: Commands that the page has not confirmed are repeated after a reload; older ones are dropped.
_MAX_COMMANDS = 20
#: The traits that the page may set.
_REPORTED = {"state", "metrics", "curves", "answers", "progress", "guess", "outcome", "error", "commands_done"}
#: A panel that has not answered for this many seconds is not expected to answer while the cell runs.
_SILENCE = 30.0


def script() -> str:
    """Return the script of the widget: the site's ``embed.js``, and the connection to Python."""
    embed = (site.folder() / "embed.js").read_text(encoding="utf-8")
    if _EXPORT not in embed:
        raise site.NoSite(f"{site.folder() / 'embed.js'} does not end with {_EXPORT}")
    # A notebook runs the script from memory, where it has no address of its own.
    embed = embed.replace(_EXPORT, "const embed = { render };").replace("import.meta.url", "document.baseURI")
    return embed + (Path(__file__).parent / "static/widget.js").read_text(encoding="utf-8")


class Lab(anywidget.AnyWidget):
    """A panel of the lab, which trains in the browser.

    >>> lab = Lab("rnn", seq_len=50, show="memory", device="cpu")
    >>> lab  # displays the panel
    >>> lab.train()
    >>> lab.metrics["accuracy_rnn"]  # in a later cell

    Results arrive while no cell runs, or while a cell runs :meth:`wait`. If the widget is displayed several times, Python
    controls the first display.

    Args:
        panel: ``mlp``, ``cnn``, ``resnet``, ``rnn``, ``attention``, ``transformer`` or ``lesson``.
        chapter: The chapter that is open at first.
        lab: The address of a lab on the web. By default, the lab in this package is used, which needs no network.
        theme: ``light`` or ``dark`` instead of the notebook's theme.
        label: The title of the frame.
        height: The height in pixels until the panel has reported its own.
        sandbox: The frame's attribute of this name.
        student: The name for the answers of the student.
        **settings: Settings of the panel and keys of its address, such as ``seq_len=50``, ``preset="short-sequence"``,
            ``show="loss,accuracy"``, ``device="cpu"`` or ``ask="..."``. Lists become texts with commas.
    """

    panel = traitlets.Unicode("mlp", help="The section of the lab.").tag(sync=True)
    chapter = traitlets.Unicode("", help="The chapter that is open at first.").tag(sync=True)
    lab = traitlets.Unicode("", help="The address of the lab, if it is not that of this package.").tag(sync=True)
    theme = traitlets.Enum(["", "light", "dark"], "", help="The theme, if it is not the notebook's.").tag(sync=True)
    label = traitlets.Unicode("", help="The title of the frame.").tag(sync=True)
    height = traitlets.Int(640, help="The height in pixels until the panel has reported its own.").tag(sync=True)
    sandbox = traitlets.Unicode("", help="The frame's attribute of this name.").tag(sync=True)
    student = traitlets.Unicode("", help="The name for the answers of the student.").tag(sync=True)
    settings = traitlets.Dict(help="The settings of the panel and the keys of its address.").tag(sync=True)

    state = traitlets.Unicode(
        "", help="``idle``, ``starting``, ``loading``, ``running``, ``paused``, ``done`` or ``error``."
    ).tag(sync=True)
    metrics = traitlets.Dict(help="The latest numbers by name.").tag(sync=True)
    curves = traitlets.Dict(
        help="The curves of the run by name: ``title``, ``unit``, ``points``, and in ``x`` the unit of the first coordinate."
        " During a run, and with a lab that sends no curves, the points are those at which the panel has sent its numbers."
    ).tag(sync=True)
    answers = traitlets.Dict(help="The answers of the student, in the form of an answers file.").tag(sync=True)
    progress = traitlets.Dict(help="The progress of a lesson: ``answered``, ``items``, ``score`` and ``done``.").tag(sync=True)
    guess = traitlets.Dict(help="The latest prediction.").tag(sync=True)
    outcome = traitlets.Dict(help="The latest prediction with its outcome and verdict.").tag(sync=True)
    error = traitlets.Unicode("", help="The latest message about an error.").tag(sync=True)

    # Between the widget's two halves.
    widget_id = traitlets.Unicode().tag(sync=True)
    commands: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    commands_done = traitlets.Int(0).tag(sync=True)
    #: True if the page reports values in messages of its own. While a cell awaits something, ipykernel takes these, but does
    #: not confirm updates of traits as ipywidgets expects it, so that only the first of them would be sent.
    by_message = traitlets.Bool(False).tag(sync=True)
    heard = traitlets.Int(0).tag(sync=True)
    local_wanted = traitlets.Int(0).tag(sync=True)
    local_site = traitlets.Dict().tag(sync=True)

    _esm = script()

    def __init__(
        self,
        panel: str = "mlp",
        *,
        chapter: str = "",
        lab: str = "",
        theme: str = "",
        label: str = "",
        height: int = 640,
        sandbox: str = "",
        student: str = "",
        **settings: Any,
    ) -> None:
        super().__init__(
            panel=panel,
            chapter=chapter,
            lab=lab,
            theme=theme,
            label=label,
            height=height,
            sandbox=sandbox,
            student=student,
            settings=_merge({}, settings),
            widget_id=uuid.uuid4().hex,
        )
        self.by_message = type(self.comm).__module__.startswith("ipykernel.")
        self.on_msg(self._receive)

    @classmethod
    def from_lesson(cls, lesson: LessonLike, **more: Any) -> Lab:
        """Return a panel with all questions of a lesson, one after another.

        Args:
            lesson: A lesson file, or the object in it.
            **more: Arguments of the class, such as ``student="Ada"``.

        Raises:
            FileProblem: if the lesson is damaged.
        """
        return cls("lesson", **{**_lesson_keys(lesson), **more})

    def train(self) -> None:
        """Start or resume training. If the panel is not displayed yet, it starts once it is."""
        self._command("train")

    def pause(self) -> None:
        """Pause training."""
        self._command("pause")

    def reset(self) -> None:
        """Discard the run."""
        self._command("reset")

    def set(self, **settings: Any) -> None:
        """Change settings. ``None`` resets a setting to its default."""
        self.settings = _merge(self.settings, settings)

    async def wait(self, timeout: float = 600) -> str:
        """Wait until the run is over or paused, and return the state: ``await lab.wait()``.

        This requires ipykernel 7.4 or later. Other kernels deliver the results only after the cell has ended; there, read
        them in a later cell.

        Args:
            timeout: The maximum time in seconds.

        Raises:
            RuntimeError: if the notebook does not deliver messages to a running cell, or if the panel is not displayed.
            TimeoutError: if the time is over.
        """
        start = time.monotonic()
        last = self.commands[-1]["number"] if self.commands else 0
        while self.commands_done < last or self.state in ("", "starting", "loading", "running"):
            passed = time.monotonic() - start
            if passed > timeout:
                raise TimeoutError(f"The run is not over after {timeout:g} seconds; its state is {self.state or 'unknown'}.")
            if passed > _SILENCE and (self.commands_done < last or not self.state):
                raise RuntimeError(
                    "The panel has not answered. Display it in an earlier cell, and scroll to it. Some notebooks deliver"
                    " messages only between cells; there, read the results in a later cell without wait()."
                )
            await asyncio.sleep(0.05)
        return self.state

    def curve_table(self) -> pd.DataFrame:
        """Return one row per point of the curves: ``metric``, ``title``, ``unit``, ``step`` or ``seconds``, and ``value``."""
        x = "seconds" if any(curve.get("x") == "seconds" for curve in self.curves.values()) else "step"
        rows = [
            (metric, curve.get("title", metric), curve.get("unit", ""), *point)
            for metric, curve in self.curves.items()
            for point in curve.get("points", [])
        ]
        table = pd.DataFrame(rows, columns=["metric", "title", "unit", x, "value"])
        return table.astype({x: "float64", "value": "float64"})

    def _command(self, name: str) -> None:
        number = self.commands[-1]["number"] + 1 if self.commands else 1
        self.commands = [*self.commands, {"number": number, "type": name}][-_MAX_COMMANDS:]

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Store the values of a message from the page, and confirm it."""
        values = content.get("values") if isinstance(content, Mapping) else None
        with self.hold_sync():
            for name, value in values.items() if isinstance(values, Mapping) else ():
                if name in _REPORTED:
                    with contextlib.suppress(traitlets.TraitError):
                        setattr(self, name, value)
            if isinstance(content, Mapping) and isinstance(content.get("number"), int):
                self.heard = content["number"]

    @traitlets.observe("local_wanted")
    def _serve(self, change: Any) -> None:
        try:
            self.local_site = {"address": site.local_server().address}
        except (OSError, site.NoSite) as problem:
            self.local_site = {"error": f"Python cannot serve the lab: {problem}"}


def _merge(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with changes. The values become what an address has."""
    result = dict(settings)
    for name, value in changes.items():
        if not _SETTING.fullmatch(name):
            raise TypeError(f"{name} is not the name of a setting: these have lowercase letters, digits and _.")
        if value is None:
            result.pop(name, None)
        elif isinstance(value, (bool, int, float, str)):
            result[name] = value
        elif isinstance(value, (list, tuple)):
            result[name] = ",".join(str(one) for one in value)
        elif hasattr(value, "item"):  # a number of NumPy
            result[name] = value.item()
        else:
            raise TypeError(
                f"{name} is neither a text, a number, a boolean nor a list, but of the type {type(value).__name__}."
            )
    return result


def _lesson_keys(lesson: Any) -> dict[str, str]:
    """Return the keys of the address of a lesson."""
    value = lesson if isinstance(lesson, Mapping) else read_json(lesson)
    check_version(value, LESSON)
    items = value.get("items")
    if not isinstance(items, list) or not items:
        raise FileProblem("The lesson is damaged: it has no items.")
    keys = {"lesson": str(value.get("id", "")), "lesson_title": str(value.get("title", ""))}
    if value.get("text"):
        keys["lesson_text"] = str(value["text"])
    for at, item in enumerate(items, start=1):
        if not isinstance(item, Mapping) or not item.get("panel") or not isinstance(item.get("keys"), Mapping):
            raise FileProblem("The lesson is damaged: one of its items has no panel or no keys.")
        path = "/".join(quote(str(item[part]), safe="") for part in ("panel", "chapter") if item.get(part))
        query = {name: _as_text(value) for name, value in item["keys"].items()}
        if query.get("ask") and item.get("id"):
            query.setdefault("ask_id", str(item["id"]))
        keys[f"item{at}"] = f"{path}?" + "&".join(
            f"{quote(name, safe='')}={quote(text, safe=',:')}" for name, text in query.items()
        )
    return keys


def _as_text(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
