"""Files for the tests, as the lab writes them."""

import asyncio
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

LESSON = {
    "schema": "nn-lab/lesson",
    "schema_version": 1,
    "id": "memory",
    "title": "Memory",
    "text": "Predict first, then train.",
    "items": [
        {
            "id": "q1",
            "panel": "rnn",
            "chapter": "memory",
            "keys": {
                "seq_len": "50",
                "ask": "How accurate will the RNN be?",
                "ask_guess": "number",
                "ask_metric": "accuracy_rnn",
                "ask_answer": "measured",
                "ask_tolerance": "0.05",
            },
        },
        {
            "id": "q2",
            "panel": "rnn",
            "keys": {"ask": "Which recalls more?", "ask_guess": "choice", "ask_options": "RNN|LSTM", "ask_answer": "LSTM"},
        },
        {"id": "q3", "panel": "rnn", "keys": {"experiment": "forget-bias"}},
    ],
}


def attempt(id, guess, measured, verdict=("wrong", 0.0, None), time="2026-11-30T19:50:00.000Z", **more):
    """Return an attempt as the lab writes it; without measured numbers, one whose run was not finished."""
    result, score, off = verdict
    outcome = {
        "time": "2026-11-30T19:51:00.000Z",
        "measured": measured,
        "curve": None,
        "words": [],
        "verdict": {"result": result, "score": score, "off": off, "seeds": 1, "right": int(score or 0)},
        "settings": {"seq_len": 50, "seed": 1},
        "seed": 1,
        "seeds": 1,
        "device": {"asked": "auto", "kind": "cpu", "name": "Flex", "fallback": None},
        "lab_version": "0.2.0",
        **more,
    }
    return {"id": id, "time": time, "guess": guess, "outcome": None if measured is None else outcome}


def answer(id, *attempts, kind="question", text="Question?"):
    return {"id": id, "section": id.split("/")[0], "kind": kind, "question": text, "attempts": list(attempts)}


def answers(student, *given, lesson="memory", **more):
    """Return an answers file."""
    return {
        "schema": "nn-lab/answers",
        "schema_version": 1,
        "lab_version": "0.2.0",
        "lesson": lesson and {"id": lesson, "title": lesson.title()},
        "student": student,
        "saved": "2026-11-30T20:00:00.000Z",
        "answers": list(given),
        **more,
    }


def student_file(student, number, guess=0.5, choice="LSTM", measured=0.5):
    """Return a complete answers file for LESSON; `number` makes the ids of its attempts unique."""
    return answers(
        student,
        answer("rnn/q1", attempt(f"a{number}", {"number": guess}, {"accuracy_rnn": measured})),
        answer("rnn/q2", attempt(f"b{number}", {"choice": choice}, {})),
        answer("rnn/forget-bias", attempt(f"c{number}", {"number": 2}, {}, ("right", 1.0, 0.1)), kind="experiment"),
    )


def run(coroutine):
    """Run a coroutine in a thread, because the tests in a browser have left an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@pytest.fixture(scope="session")
def browser():
    """The browser that CHROME names."""
    chrome = os.environ.get("CHROME") or shutil.which("chromium") or shutil.which("google-chrome")
    if chrome is None:
        pytest.skip("There is no browser.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chrome, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def write(tmp_path):
    """Writes an object or a text to a file of the test's folder."""

    def write(name, value):
        path: Path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return path

    return write
