"""The half of the widget that runs in Python."""

import pytest
from conftest import LESSON, run

import nn_lab
from nn_lab import FileProblem, Lab
from nn_lab.widget import script


def test_settings_become_what_an_address_has():
    lab = Lab("rnn", seq_len=50, show=["memory", "loss"], bias=True, learning_rate=0.5, preset=None)
    assert lab.panel == "rnn"
    assert lab.settings == {"seq_len": 50, "show": "memory,loss", "bias": True, "learning_rate": 0.5}
    lab.set(seq_len=None, seed=2)
    assert lab.settings == {"show": "memory,loss", "bias": True, "learning_rate": 0.5, "seed": 2}
    with pytest.raises(TypeError, match="Seed is not the name of a setting"):
        lab.set(Seed=1)
    with pytest.raises(TypeError, match="seed is neither a text"):
        lab.set(seed={})
    assert lab.settings["seed"] == 2


def test_numbers_of_numpy_are_numbers():
    numpy = pytest.importorskip("numpy")
    assert Lab("rnn", seq_len=numpy.int64(50)).settings == {"seq_len": 50}


def test_commands_are_numbered_and_wait_for_the_panel():
    lab = Lab("rnn")
    lab.train()
    lab.pause()
    assert lab.commands == [{"number": 1, "type": "train"}, {"number": 2, "type": "pause"}]
    for _ in range(50):
        lab.reset()
    assert (len(lab.commands), lab.commands[-1]["number"]) == (20, 52)


def test_waiting_ends_with_the_run_or_with_a_sentence(monkeypatch):
    lab = Lab("rnn")
    lab.train()
    with pytest.raises(TimeoutError, match="its state is unknown"):
        run(lab.wait(timeout=0.1))
    monkeypatch.setattr("nn_lab.widget._SILENCE", 0.1)
    with pytest.raises(RuntimeError, match="The panel has not answered"):
        run(lab.wait())
    lab.commands_done, lab.state = 1, "done"
    assert run(lab.wait()) == "done"


def test_curves_become_a_table():
    lab = Lab("rnn")
    assert list(lab.curve_table().columns) == ["metric", "title", "unit", "step", "value"]
    lab.curves = {"loss": {"title": "Loss", "unit": "nats", "x": "step", "points": [[1, 2.5], [2, None]]}}
    table = lab.curve_table()
    assert table.values[0].tolist() == ["loss", "Loss", "nats", 1.0, 2.5]
    assert table["value"].isna().tolist() == [False, True]
    lab.curves = {"loss": {"x": "seconds", "points": [[0.5, 2.5]]}}
    assert list(lab.curve_table().columns) == ["metric", "title", "unit", "seconds", "value"]


def test_a_lesson_becomes_the_keys_of_an_address():
    lab = Lab.from_lesson(LESSON, student="Ada")
    assert (lab.panel, lab.student) == ("lesson", "Ada")
    assert lab.settings["lesson"] == "memory"
    assert lab.settings["lesson_text"] == "Predict first, then train."
    assert lab.settings["item1"].startswith("rnn/memory?seq_len=50&ask=How%20accurate%20will%20the%20RNN%20be%3F&")
    assert lab.settings["item1"].endswith("&ask_id=q1")
    assert lab.settings["item3"] == "rnn?experiment=forget-bias"
    with pytest.raises(FileProblem, match="has no items"):
        Lab.from_lesson({**LESSON, "items": []})


def test_messages_of_the_page_set_only_what_it_may_report():
    lab = Lab("rnn")
    lab._receive(lab, {"number": 7, "values": {"state": "done", "metrics": 3, "panel": "mlp", "error": "x"}}, [])
    assert (lab.state, lab.metrics, lab.panel, lab.error, lab.heard) == ("done", {}, "rnn", "x", 7)
    for content in (None, 3, {}, {"values": 3}, {"number": "x"}):
        lab._receive(lab, content, [])


def test_the_server_starts_when_the_page_asks_for_it():
    lab = Lab("rnn")
    assert lab.local_site == {}
    lab.local_wanted = 1
    assert lab.local_site["address"].startswith("http://127.0.0.1:")


def test_the_script_is_one_module():
    text = script()
    assert text.count("\nexport default") == 1
    assert "import.meta" not in text


def test_all_names_of_the_package_exist():
    assert all(hasattr(nn_lab, name) for name in nn_lab.__all__)
    assert set(nn_lab.__all__) <= set(dir(nn_lab))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = nn_lab.nothing
