"""The half of the widget that runs in the page, with a panel that only sends messages."""

import json

import pytest
from playwright.sync_api import expect

from nn_lab import site
from nn_lab.widget import script

# The panel shows the messages that it receives, and sends those that the test passes to `say`.
PANEL = """<!doctype html><html lang="en"><meta charset="utf-8"><title>panel</title><link rel="icon" href="data:,"><body>
<p id="address"></p><p id="heard"></p><script>
document.getElementById('address').textContent = location.hash;
window.say = (type, more) => parent.postMessage({ source: 'nn-lab', version: 1, type, panel: 'rnn', ...more }, '*');
addEventListener('message', ({ data }) => {
  if (data?.source !== 'nn-lab-host' || ['theme', 'stand'].includes(data.type)) return;
  const { source, version, ...rest } = data;
  document.getElementById('heard').textContent += JSON.stringify(rest);
});
</script></body></html>"""

# A model with the interface that notebooks pass to a widget.
HOST = """<!doctype html><html lang="en"><meta charset="utf-8"><title>notebook</title><link rel="icon" href="data:,">
<body><div id="one"></div><div id="two"></div><script type="module">
import widget from './widget.mjs';
const values = JSON.parse(document.getElementById('values').textContent);
const listeners = {};
const set = (name, value) => { values[name] = value; (listeners[`change:${name}`] ?? []).forEach((listener) => listener()); };
window.values = values;
window.saved = 0;
window.messages = [];
window.python = (changes) => Object.entries(changes).forEach(([name, value]) => set(name, value));
const model = {
  get: (name) => values[name],
  set: (name, value) => { values[name] = value; },
  save_changes: () => { window.saved += 1; },
  send: (content) => window.messages.push(content),
  on: (name, listener) => (listeners[name] ??= []).push(listener),
  off: (name, listener) => { listeners[name] = (listeners[name] ?? []).filter((other) => other !== listener); },
};
window.display = (id) => { window.remove = widget.render({ model, el: document.getElementById(id) }); };
window.display('one');
</script><script type="application/json" id="values">VALUES</script></body></html>"""

TRAITS = {"panel": "rnn", "settings": {"seq_len": 50}, "widget_id": "w1", "commands": [], "commands_done": 0, "local_site": {}}


@pytest.fixture
def notebook(browser, write, tmp_path):
    """Opens the notebook with traits, and returns its page and the panel in it."""
    write("lab/index.html", PANEL)
    write("lab/embed.js", (site.folder() / "embed.js").read_text(encoding="utf-8"))
    write("widget.mjs", script())
    server = site.LocalServer(tmp_path.resolve())
    context = browser.new_context(viewport={"width": 800, "height": 2000})
    context.set_default_timeout(10_000)

    def opened(**traits):
        values = {**TRAITS, "lab": f"{server.address}lab/", **traits}
        write("notebook.html", HOST.replace("VALUES", json.dumps(values)))
        page = context.new_page()
        page.goto(f"{server.address}notebook.html")
        return page, page.frame_locator("iframe")

    opened.server = server
    yield opened
    context.close()
    server.close()


def say(panel, type, **more):
    panel.locator("#heard").evaluate("(_, [type, more]) => window.say(type, more)", [type, more])


def value(page, name, expected):
    page.wait_for_function("([name, json]) => JSON.stringify(window.values[name]) === json", arg=[name, dumps(expected)])


def dumps(value):
    return json.dumps(value, separators=(",", ":"))


def heard(panel, *messages):
    expect(panel.locator("#heard")).to_have_text("".join(dumps(message) for message in messages))


def test_settings_reach_the_address_and_commands_wait_for_the_panel(notebook):
    page, panel = notebook(commands=[{"number": 1, "type": "train"}])
    expect(panel.locator("#address")).to_contain_text("#/rnn?theme=light&embed=1&seq-len=50".replace("-len", "_len"))
    say(panel, "ready")
    heard(panel)
    say(panel, "state", state="idle", error=None)
    heard(panel, {"type": "train"})
    value(page, "commands_done", 1)
    value(page, "state", "starting")
    page.evaluate(
        "window.python({ commands: [{ number: 1, type: 'train' }, { number: 2, type: 'pause' }, { number: 3, type: 'eval' }] })"
    )
    heard(panel, {"type": "train"}, {"type": "pause"})
    value(page, "commands_done", 3)


def test_commands_that_were_executed_before_a_reload_are_not_repeated(notebook):
    page, panel = notebook(commands=[{"number": 1, "type": "train"}], commands_done=1)
    say(panel, "ready")
    page.evaluate("window.python({ settings: { seq_len: 60 } })")
    heard(panel, {"type": "set", "values": {"seq_len": "60"}})


def test_messages_become_traits(notebook):
    page, panel = notebook()
    say(panel, "ready")
    say(panel, "state", state="idle", error=None)
    say(panel, "metrics", metrics={"accuracy_rnn": 0.5})
    say(panel, "guess", id="rnn/q1", guess={"number": 0.5}, outcome=None, record={"answers": [1]})
    say(panel, "outcome", id="rnn/q1", guess={"number": 0.5}, verdict={"result": "right"})
    value(page, "state", "idle")
    value(page, "metrics", {"accuracy_rnn": 0.5})
    value(page, "guess", {"id": "rnn/q1", "guess": {"number": 0.5}, "outcome": None})
    value(page, "outcome", {"id": "rnn/q1", "guess": {"number": 0.5}, "verdict": {"result": "right"}})
    value(page, "answers", {"answers": [1]})
    say(panel, "record", record={"answers": [1, 2]}, progress={"answered": 2})
    value(page, "answers", {"answers": [1, 2]})
    value(page, "progress", {"answered": 2})
    say(panel, "curves", curves=[{"metric": "loss_rnn", "title": "Loss, RNN", "unit": "nats", "points": [[1, 2.5]]}])
    value(page, "curves", {"loss_rnn": {"x": "step", "title": "Loss, RNN", "unit": "nats", "points": [[1, 2.5]]}})
    say(panel, "unknown", settings={})
    value(page, "settings", {"seq_len": 50})


def test_a_refused_command_leaves_the_state_as_it_was(notebook):
    page, panel = notebook(commands=[{"number": 1, "type": "train"}])
    say(panel, "state", state="idle", error=None)
    say(panel, "ready")
    value(page, "state", "starting")
    say(panel, "error", message="Answer the question first; then training can start.")
    value(page, "state", "idle")
    value(page, "error", "Answer the question first; then training can start.")


def test_the_end_of_a_run_is_reported_with_its_last_numbers(notebook):
    page, panel = notebook(state="")
    say(panel, "ready")
    say(panel, "state", state="running", error=None)
    say(panel, "metrics", metrics={"loss_rnn": 1})
    say(panel, "state", state="done", error=None)
    page.wait_for_timeout(300)
    assert page.evaluate("window.values.state") == "running"
    say(panel, "metrics", metrics={"loss_rnn": 0.5})
    value(page, "state", "done")
    value(page, "metrics", {"loss_rnn": 0.5})
    # A panel that has no numbers.
    say(panel, "state", state="running", error=None)
    say(panel, "state", state="paused", error=None)
    value(page, "state", "paused")


@pytest.mark.parametrize("x", ["step", "seconds"])
def test_without_curves_from_the_panel_its_numbers_are_curves(notebook, x):
    page, panel = notebook()
    say(panel, "ready")
    say(panel, "state", state="running", error=None)
    for n in range(3):
        numbers = {"loss_rnn": 1 - n / 4, "params": 7, **({"step": 10 * n} if x == "step" else {})}
        say(panel, "metrics", metrics=numbers)
        page.wait_for_timeout(10)
    page.wait_for_function("window.values.curves?.loss_rnn?.points.length === 3")
    curve = page.evaluate("window.values.curves.loss_rnn")
    assert curve["x"] == x
    assert [y for _, y in curve["points"]] == [1, 0.75, 0.5]
    if x == "step":
        assert [at for at, _ in curve["points"]] == [0, 10, 20]
    # What does not change is not a curve.
    assert page.evaluate("Object.keys(window.values.curves)") == ["loss_rnn"]
    say(panel, "curves", curves=[])
    value(page, "curves", {})
    say(panel, "metrics", metrics={"loss_rnn": 0.1})
    value(page, "metrics", {"loss_rnn": 0.1})
    value(page, "curves", {})


def test_the_record_and_the_student_are_sent_to_the_panel(notebook):
    record = {"schema": "nn-lab/answers", "answers": [{"id": "rnn/q1"}]}
    page, panel = notebook(answers=record, student="Ada")
    say(panel, "ready")
    heard(panel, {"type": "student", "name": "Ada"}, {"type": "restore", "record": record})
    page.evaluate("window.python({ student: 'Bob' })")
    expect(panel.locator("#heard")).to_contain_text('{"type":"student","name":"Bob"}')


def test_settings_that_change_before_the_panel_is_ready_are_sent_later(notebook):
    page, panel = notebook(settings={"seq_len": 50, "hidden": "8,4"})
    page.wait_for_selector("iframe")
    page.evaluate("window.python({ settings: { seed: 2, hidden: '8,4' } })")
    say(panel, "ready")
    expect(panel.locator("#heard")).to_contain_text('{"type":"set","values":{"hidden":"8,4","seq_len":null,"seed":2}}')
    page.evaluate("window.python({ settings: { seed: 2, hidden: '3' } })")
    expect(panel.locator("#heard")).to_contain_text('{"type":"set","values":{"hidden":"3"}}')


def test_only_the_first_of_two_displays_counts(notebook):
    page, panel = notebook()
    say(panel, "ready")
    say(panel, "state", state="done", error=None)
    say(panel, "metrics", metrics={})
    value(page, "state", "done")
    page.evaluate("window.removeFirst = window.remove; window.display('two')")
    second = page.frame_locator("#two iframe")
    say(second, "ready")
    say(second, "state", state="idle", error=None)
    page.evaluate("window.python({ commands: [{ number: 1, type: 'pause' }] })")
    expect(second.locator("#heard")).to_be_empty()
    heard(page.frame_locator("#one iframe"), {"type": "pause"})
    value(page, "state", "done")
    page.evaluate("window.removeFirst()")
    assert page.locator("iframe").count() == 1
    say(second, "state", state="running", error=None)
    value(page, "state", "running")


def test_messages_of_other_frames_are_ignored(notebook):
    page, panel = notebook()
    say(panel, "ready")
    page.evaluate("window.postMessage({ source: 'nn-lab', version: 1, type: 'state', state: 'error' }, '*')")
    say(panel, "state", state="idle", error=None)
    value(page, "state", "idle")


def test_in_jupyter_values_wait_for_the_kernel_and_are_joined(notebook):
    page, panel = notebook(by_message=True, heard=0)
    say(panel, "ready")
    say(panel, "state", state="loading", error=None)
    page.wait_for_function("window.messages.length === 1")
    say(panel, "state", state="running", error=None)
    say(panel, "state", state="done", error=None)
    say(panel, "metrics", metrics={"loss_rnn": 1})
    page.wait_for_timeout(200)
    assert page.evaluate("window.messages.map(({ values }) => values)") == [{"state": "loading"}]
    page.evaluate("window.python({ heard: window.messages[0].number })")
    page.wait_for_function("window.messages.length === 2")
    assert page.evaluate("window.messages[1].values") == {"curves": {}, "state": "done", "metrics": {"loss_rnn": 1}}
    assert page.evaluate("window.saved") == 0


def test_the_server_of_python_is_used_if_there_is_no_other(notebook):
    page, _ = notebook(lab="", local_site={"address": notebook.server.address})
    page.wait_for_selector("iframe")
    assert page.get_attribute("iframe", "src").startswith(f"{notebook.server.address}#/rnn?")
    page, _ = notebook(lab="", local_wanted=0)
    page.wait_for_function("window.values.local_wanted === 1")
    expect(page.get_by_role("status")).to_have_text("Waiting for Python to serve the lab.")
    page.evaluate("(address) => window.python({ local_site: { address } })", notebook.server.address)
    page.wait_for_selector("iframe")
    assert page.get_by_role("status").count() == 0


def test_a_server_that_cannot_be_reached_gives_a_sentence(notebook):
    page, _ = notebook(lab="", local_site={"address": "http://127.0.0.1:9/"})
    expect(page.get_by_role("status")).to_contain_text("This page cannot reach the lab at http://127.0.0.1:9/")
    page, _ = notebook(lab="", local_site={"error": "Python cannot serve the lab: no port"})
    expect(page.get_by_role("status")).to_have_text("Python cannot serve the lab: no port")
