"""Checks your own module against the lab: python check_SECTION.py my_file.py [--setup nn-lab-SECTION-setup.safetensors]

Your file defines the classes that the section asks for. This script imports the file and nothing else, builds each
network with the lab's weights, and compares on the lab's batches, in this order:

    outputs     of the first batch
    loss        of the first batch
    gradients   of every parameter
    weights     after three steps of the section's optimizer

The expected values come from a right solution at the end of this file. The right solution itself is compared with the
numbers that the lab recorded. If something differs, your values are compared with those of the usual mistakes, which are
small changes of the right solution. Then your module trains on all recorded batches, and the losses are written to
my_file.nnlab.json, which the page opens and draws over its own curves.

Parameters are matched by name, then by a table of usual names, then by shape.
Exit code: 0 if everything agrees, 1 if something differs, 2 if there was nothing to compare.

A section describes itself with `Section`, `Task` and `Mistake` and ends with `main(Section(...))`.
"""

import argparse
import importlib.util
import json
import math
import sys
import traceback
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

try:
    import torch
    import torch.nn.functional as F
    from torch import nn
except ModuleNotFoundError:
    sys.exit("This script needs PyTorch. Install it with: pip install torch")


class Problem(Exception):
    """A sentence that tells the student what to do."""


# ---- What a section provides


@dataclass
class Mistake:
    """A usual mistake: a change of the right solution. Parameters that the right solution lacks start at 0."""

    id: str
    sentence: str  # says what is wrong and where to look
    build: Callable  # build() returns a module with the parameter names of the right solution


def first(output):
    """Return the first of several outputs."""
    return output[0] if isinstance(output, (tuple, list)) else output


def cross_entropy(logits, batch):
    """Mean over the rows of -sum_k y_k log softmax(logits)_k."""
    return -(batch["y"] * logits.log_softmax(dim=-1)).sum(dim=-1).mean()


def weighted_sum(output, batch):
    """A loss for blocks and functions: its gradient is different for every output."""
    return (output * torch.linspace(-1, 1, output.numel()).view(output.shape)).sum()


@dataclass
class Task:
    """One network of the page, or a block or function that has no curve of its own."""

    title: str  # as the student should define it: "VanillaRNN(d_in, d_hidden, d_out)"
    build: Callable  # build(student) returns a module; `student` is the imported file
    right: Callable  # right() returns the right solution, whose parameters have the lab's names
    mistakes: list = field(default_factory=list)
    arm: str | None = None  # the network's name in the set-up file
    batch: Callable | None = None  # without `arm`: batch() returns the inputs by name
    call: Callable = lambda model, batch: first(model(batch["x"]))
    loss: Callable = cross_entropy
    names: dict = field(default_factory=dict)  # a part of the lab's names: usual names for it, separated by spaces
    # Other ways to store the same parameters. Each takes {lab's name: tensor} and returns {name: tensor}; it may only
    # rearrange the numbers (cut, join, transpose).
    layouts: list = field(default_factory=list)
    curve: str | None = None  # the name and title of the loss curve on the page
    curve_title: str = ""


@dataclass
class Section:
    """What `main` needs to know about a section."""

    slug: str
    tasks: list
    optimizer: Callable  # optimizer(model) returns a torch.optim.Optimizer
    settings: dict = field(default_factory=dict)  # settings that the set-up file must have been written for
    max_norm: float | None = None  # gradients are scaled down to this norm
    rate: Callable | None = None  # rate(step) returns the learning rate of a step, counted from 1


def changed(build, change):
    """Return a builder of the same module with another output."""

    def build_changed():
        module = build()
        module.register_forward_hook(lambda module, inputs, output: change(output))
        return module

    return build_changed


class Function(nn.Module):
    """A function as a module without parameters."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *args, **kwargs):
        return self.function(*args, **kwargs)


# ---- Files


def read_safetensors(path):
    """Return the tensors of a .safetensors file by name, and its metadata."""
    if not path.exists():
        raise Problem(f"There is no {path}. Download the set-up file from the page's Code chapter, or give --setup FILE.")
    data = path.read_bytes()
    if (data[:2] == b"PK" or data[:1] == b"\x80") and data[8:9] != b"{":
        raise Problem(f"{path} is a pickle, which can contain code. Give the page's .safetensors file.")
    length = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8 : 8 + length])
        metadata, tensors = header.pop("__metadata__", {}), {}
        for name, entry in header.items():
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            if entry["dtype"] != "F32" or end > len(data):
                raise ValueError(name)
            flat = torch.frombuffer(bytearray(data[start:end]), dtype=torch.float32) if start < end else torch.zeros(0)
            tensors[name] = flat.reshape(entry["shape"])
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError):
        raise Problem(f"{path} is damaged or incomplete. Download the set-up file again.") from None
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise Problem(f"{path} has NaN or infinite values in {name}. Download it again, or with a lower learning rate.")
    return tensors, metadata


def read_setup(path, section):
    """Return the tensors, the batches and the metadata of the section's set-up file."""
    tensors, metadata = read_safetensors(path)
    if metadata.get("section") != section.slug:
        found = metadata.get("section", "no section of the lab")
        raise Problem(f"{path} belongs to {found}. Download the set-up file of the section {section.slug}.")
    config = json.loads(metadata["config"])
    for key, value in section.settings.items():
        if config.get(key) != value:
            found = f"{path} was written for {key} = {config.get(key)}, and this script for {key} = {value}"
            raise Problem(f"{found}. Download both again from the same page.")
    batches = defaultdict(dict)
    for name, tensor in tensors.items():
        number, _, what = name.removeprefix("batch").partition(".")
        if name.startswith("batch") and number.isdigit():
            batches[int(number)][what] = tensor
    return tensors, [batches[number] for number in sorted(batches)], metadata


def load_student(path):
    """Import the student's file."""
    if not path.exists():
        raise Problem(f"There is no file {path}.")
    if path.suffix != ".py":
        raise Problem(f"{path} is not a Python file. Save your classes in a file that ends in .py.")
    spec = importlib.util.spec_from_file_location("student", path)
    student = sys.modules["student"] = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.resolve()))
    sys.argv = [str(path)]
    attempt("Importing the file", path, lambda: spec.loader.exec_module(student))
    return student


def attempt(what, path, call, usage=""):
    """Call the student's code. An exception becomes one sentence with the line in the student's file."""
    try:
        return call()
    except (Exception, SystemExit) as error:
        if isinstance(error, AttributeError) and getattr(error.obj, "__name__", "") == "student":
            raise Problem(f"{path.name} has no {error.name}. Define {usage}.") from None
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).name == path.name]
        line = f" (line {frames[-1].lineno} of {path.name})" if frames else ""
        message = (str(error).strip() or "no message").splitlines()[0].rstrip(".:")
        hint = f" Expected: {usage}." if usage and isinstance(error, TypeError) and not frames else ""
        raise Problem(f"{what} failed with {type(error).__name__}: {message}{line}.{hint}") from None


# ---- Parameters

KINDS = {"gamma": "weight", "beta": "bias"} | {kind: kind for kind in ("weight", "bias", "running_mean", "running_var")}


def state_of(model):
    """Return parameters and running statistics by name."""
    statistics = {name: tensor for name, tensor in model.named_buffers() if name.split(".")[-1] in KINDS}
    return dict(model.named_parameters()) | statistics


def size_of(model):
    return sum(parameter.numel() for parameter in model.parameters())


def load(model, tensors):
    """Set the parameters that are given. Other biases become 0."""
    with torch.no_grad():
        for name, tensor in state_of(model).items():
            if name in tensors:
                tensor.copy_(tensors[name])
            elif tensor.dim() == 1 and tensor.requires_grad:
                tensor.zero_()
    return model


def renumbered(names):
    """Return the names with numbers without gaps: net.0 and net.2 of an nn.Sequential become net.0 and net.1."""
    seen = defaultdict(list)

    def rank(before, part):
        if part.isdigit() and part not in seen[before]:
            seen[before].append(part)
        return str(seen[before].index(part)) if part.isdigit() else part

    split = {name: name.split(".") for name in names}
    return {name: ".".join(rank(tuple(parts[:n]), part) for n, part in enumerate(parts)) for name, parts in split.items()}


def match(student, lab, names):
    """Match a student's parameters with the lab's. Return {student's name: (lab's name, transposed, how)}."""
    pairs, numbered = {}, [renumbered(student), renumbered(lab)]
    usual = {word.lower().replace("_", ""): part for part, words in names.items() for word in words.split()}

    def label(how, name, tensor, side, layers):
        """Return what two parameters must have in common to be a pair, apart from their shape."""
        parts = (usual.get(part.lower().replace("_", ""), KINDS.get(part, part)) for part in name.split("."))
        layer, _, kind = ".".join(parts).rpartition(".")
        if kind not in KINDS:  # a bare parameter
            layer, kind = f"{layer}.{kind}".strip("."), "weight" if tensor.dim() > 1 else "bias"
        last, owner = layer.split(".")[-1], name.rpartition(".")[0]
        return {
            "name": numbered[side][name],
            "usual name": (name, side) if last.isdigit() else (last, kind),
            "shape of weights": kind if tensor.dim() > 1 else (name, side),
            "layer": (owner if side else layers.get(owner), kind),
            "shape": kind,
            "order": kind if last.isdigit() else (name, side),  # of a list of layers that is shorter or longer than the lab's
        }[how]

    for how in ("name", "usual name", "shape of weights", "layer", "shape", "order"):
        for transposed in (False, True):
            layers = {ours.rpartition(".")[0]: labs.rpartition(".")[0] for ours, (labs, _, _) in pairs.items()}
            taken = {labs for labs, _, _ in pairs.values()}
            groups = defaultdict(lambda: ([], []))
            for side, (tensors, done) in enumerate([(student, set(pairs)), (lab, taken)]):
                for name in [name for name in tensors if name not in done]:
                    shape = tuple(tensors[name].shape)[:: -1 if transposed and not side else 1]
                    groups[label(how, name, tensors[name], side, layers), shape][side].append(name)
            for ours, labs in groups.values():
                if len(ours) == len(labs) or how == "order":
                    pairs |= {mine: (other, transposed, how) for mine, other in zip(ours, labs)}
    # A square matrix does not show whether it is transposed. It follows the other bare parameters of its module.
    bare = {name: name.rpartition(".")[0] for name in pairs if name.split(".")[-1] not in KINDS and student[name].dim() == 2}
    flipped = {owner for name, owner in bare.items() if pairs[name][1]}
    square = {name for name in bare if student[name].shape[0] == student[name].shape[1]}
    return {name: (lab, flip or name in square and bare[name] in flipped, how) for name, (lab, flip, how) in pairs.items()}


class View:
    """The lab's tensors under the student's names: one arrangement of the lab's parameters, matched with the student's."""

    def __init__(self, student, state, names, layout):
        self.layout, arranged = layout, layout(state)
        self.pairs = match(student, arranged, names)
        self.missing = [name for name in arranged if name not in {lab for lab, _, _ in self.pairs.values()}]
        self.extra = [name for name in student if name not in self.pairs]

    def __call__(self, tensors):
        tensors = self.layout(tensors)
        found = [(name, tensors[lab], flip) for name, (lab, flip, _) in self.pairs.items() if lab in tensors]
        return {name: tensor.t() if flip else tensor for name, tensor, flip in found}

    def stages(self, stages):
        return stages | {stage: self(stages[stage]) for stage in ("gradients", "weights") if stage in stages}


# ---- Comparing

TOLERANCES = {"outputs": 1e-4, "loss": 1e-4, "gradients": 1e-3, "weights": 1e-2}
N_STEPS = 3  # optimizer steps after which the weights are compared


def train(model, task, section, batches, stop=lambda output: False):
    """Train on the batches. Return what is compared, as {stage: {name: tensor}}, and all losses.

    The training ends after the first output if `stop` says so.
    """
    torch.manual_seed(0)
    parameters = dict(model.named_parameters())
    optimizer = section.optimizer(model) if parameters else None
    start = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    stages, losses = {}, []
    for step, batch in enumerate(batches, start=1):
        output = task.call(model, batch)
        if not isinstance(output, torch.Tensor):
            raise TypeError(f"it returned {type(output).__name__} instead of a tensor")
        if step == 1:
            stages["outputs"] = {"output": output.detach().clone()}
            if stop(output.detach()) or not output.isfinite().all() or not output.requires_grad:
                break
        loss = task.loss(output, batch)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        if step == 1:
            gradients = {name: p.grad if p.grad is not None else torch.zeros_like(p) for name, p in parameters.items()}
            stages["loss"] = {"loss": loss.detach()}
            stages["gradients"] = {name: gradient.clone() for name, gradient in gradients.items()}
        if section.max_norm is not None:
            nn.utils.clip_grad_norm_(parameters.values(), section.max_norm)
        for group in optimizer.param_groups if section.rate else []:
            group["lr"] = section.rate(step)
        optimizer.step()
        if step == min(N_STEPS, len(batches)):
            stages["weights"] = {name: p.detach() - start[name] for name, p in parameters.items()}
    return stages, losses


def compare(ours, expected):
    """Return {stage: (largest relative error, name, index of the largest difference)} for the stages of both."""
    gradients = expected.get("gradients", {})
    largest = max((gradient.abs().max().item() for gradient in gradients.values()), default=0.0)
    result = {}
    for stage in [stage for stage in TOLERANCES if stage in ours and stage in expected]:
        errors = [(0.0, "", ())]
        for name, right in expected[stage].items():
            mine = ours[stage].get(name)
            if mine is None or mine.shape != right.shape:
                errors.append((math.inf, name, ()))
                continue
            difference = (mine - right).abs()
            if stage == "weights":
                # Adam's steps follow the sign of the gradient, which is noise where the gradient is a rounding error.
                sure = gradients[name].abs() > 1e-5 * largest
                error = ((difference * sure).norm() / ((right * sure).norm() + 1e-9)).item()
            else:
                floor = 1e-4 * largest if stage == "gradients" else 1e-30
                error = difference.max().item() / max(right.abs().max().item(), floor)
            at = torch.unravel_index(difference.nan_to_num(nan=math.inf).argmax(), difference.shape)
            errors.append((math.inf if math.isnan(error) else error, name, tuple(int(i) for i in at)))
        result[stage] = max(errors, key=lambda error: error[0])
    return result


def n_agreeing(found):
    """Return the number of stages that agree, up to the first that differs."""
    return next((n for n, stage in enumerate(found) if found[stage][0] > TOLERANCES[stage]), len(found))


def diagnose(prepared, model, view, ours, n_right):
    """Return the mistake that explains more stages than the right solution does, or as many with the student's number of
    parameters. If several explain as many, the nearest one goes first."""
    size, best = size_of(model), None
    best_score = (n_right, size == size_of(prepared.task.right()), math.inf)
    for mistake in prepared.task.mistakes:
        try:
            other = mistake.build()
            found = compare(ours, view.stages(prepared.run(other, like=ours["outputs"])))
        except (RuntimeError, KeyError, IndexError):  # impossible with these sizes
            continue
        n = n_agreeing(found)
        score = (n, size == size_of(other), -max((error for error, _, _ in list(found.values())[:n]), default=0.0))
        if n and score > best_score:
            best, best_score = mistake, score
    return best


def describe(stage, found, ours, expected):
    """Say where the first difference is."""
    name, at = found[stage][1:]
    mine, right = ours[stage].get(name), expected[stage][name]
    if mine.shape != right.shape:
        return f"The {name} has the shape {list(mine.shape)}, expected {list(right.shape)}."
    if stage == "gradients" and not mine.any():
        return f"{name} gets no gradient: it is not used, or something on the way to the loss is detached."
    scale = (mine * right).sum() / (right * right).sum()
    if stage == "outputs" and (mine - scale * right).abs().max() <= 1e-4 * mine.abs().max():
        return f"All outputs are {scale:.4g} times the expected ones. Look for a missing or additional factor."
    what = {"gradients": f"the gradient of {name}", "weights": f"the change of {name}"}.get(stage, f"the {name}")
    where = f"[{', '.join(map(str, at))}]" if at else ""
    return f"The largest difference is in {what}{where}: {mine[at]:.6g}, expected {right[at]:.6g}."


# ---- The check


class Prepared:
    """A task with everything that does not depend on the student's file."""

    def __init__(self, task, section, setup, batches):
        self.task, self.section, self.batches = task, section, batches
        torch.manual_seed(0)
        right = task.right()
        if task.arm is None:
            self.state = {name: tensor.detach().clone() for name, tensor in state_of(right).items()}
            self.batches = [task.batch()]
        else:
            # In the module's order: the file is sorted by name, so its layer 10 comes before its layer 2.
            recorded = self.recorded(setup, 0)
            self.state = {name: recorded[name] for name in state_of(right) if name in recorded}
        try:
            self.right = self.run(right)
            found = {} if task.arm is None else compare(self.right, self.lab(setup))
        except (RuntimeError, KeyError):
            raise Problem("The set-up file was written for other settings. Download it and this script together.") from None
        if n_agreeing(found) < len(found):
            stage = list(found)[n_agreeing(found)]
            wrong = f"the right solution of {task.title} does not reproduce the lab's {stage} (error {found[stage][0]:.1e})"
            raise Problem(f"On this computer, {wrong}, so nothing can be checked. Download script and set-up file again.")

    def recorded(self, setup, part):
        start = f"{self.task.arm}.{part}."
        return {name.removeprefix(start): tensor for name, tensor in setup.items() if name.startswith(start)}

    def lab(self, setup):
        """Return the stages that the lab recorded."""
        gradients, after = self.recorded(setup, "grad"), self.recorded(setup, N_STEPS)
        changes = {name: after[name] - self.state[name] for name in gradients}
        return {"loss": {"loss": setup[f"{self.task.arm}.loss"][0]}, "gradients": gradients, "weights": changes}

    def run(self, module, like=None):
        """Return the stages of a module that has the lab's names, or only its output if that is not like another one."""

        def stop(output):
            if like is None:
                return False
            other_shape = output.shape != self.right["outputs"]["output"].shape
            return other_shape or not n_agreeing(compare({"outputs": {"output": output}}, {"outputs": like}))

        return train(load(module, self.state), self.task, self.section, self.batches[:N_STEPS], stop)[0]

    def run_student(self, model, view, batches):
        shape = self.right["outputs"]["output"].shape
        return train(load(model, view(self.state)), self.task, self.section, batches, lambda output: output.shape != shape)

    def view(self, model):
        """Return the arrangement that leaves the fewest parameters alone; if several do, the one whose outputs fit best."""
        views = [View(state_of(model), self.state, self.task.names, layout) for layout in [dict, *self.task.layouts]]
        fewest = min(len(view.missing + view.extra) for view in views)
        views = [view for view in views if len(view.missing + view.extra) == fewest]

        def agreeing(view):
            return n_agreeing(compare(self.run_student(model, view, self.batches[:1])[0], view.stages(self.right)))

        return max(views, key=agreeing) if len(views) > 1 else views[0]


def check(prepared, student, path):
    """Check the student's solution of one task, print the results, and return them with the losses."""
    task, usage = prepared.task, f"forward of {prepared.task.title}"
    model = attempt(task.title, path, lambda: task.build(student), task.title)
    if not isinstance(model, nn.Module):
        raise Problem(f"{task.title} is not a subclass of nn.Module.")
    view = attempt("forward", path, lambda: prepared.view(model), usage)
    renamed = [f"{name} = {lab}{' transposed' * flip}" for name, (lab, flip, how) in view.pairs.items() if how != "name"]
    for text, names in (("yours = the lab's", renamed), ("missing in yours", view.missing), ("only in yours", view.extra)):
        if names:
            print(f"  parameters, {text}: {', '.join(names)}")
    ours, losses = attempt("forward", path, lambda: prepared.run_student(model, view, prepared.batches), usage)
    if not ours["outputs"]["output"].isfinite().all():
        raise Problem("The output contains NaN or infinite values. Look for a division by 0, or a logarithm or root of 0.")
    expected = view.stages(prepared.right)
    found = compare(ours, expected)
    for stage, (error, name, _) in found.items():
        verdict = "agree" if error <= TOLERANCES[stage] else "DIFFER"
        print(f"  {stage:10} {verdict:7} largest relative error {error:.1e}  {name if name in view.pairs else ''}".rstrip())
    n, alone = n_agreeing(found), view.missing + view.extra
    errors = {stage: float(f"{error:.2g}") if math.isfinite(error) else None for stage, (error, _, _) in found.items()}
    result = {"task": task.title, "agrees": n == len(expected) and not alone, "errors": errors}
    if not result["agrees"]:
        mistake = diagnose(prepared, model, view, ours, n)
        result["mistake"] = mistake and mistake.id
        if mistake:
            print(f"  Looks like: {mistake.sentence}")
        elif n < len(found):
            print(f"  {describe(list(found)[n], found, ours, expected)}")
        elif not alone:
            print("  The output does not depend on the parameters: it is detached, or computed under no_grad.")
    return result | {"losses": losses}


def write_run(path, section, metadata, results, started):
    """Write the losses as a run that the page opens, with the results of the check."""
    config = json.loads(metadata["config"])
    begun, finished = (
        time.isoformat(timespec="milliseconds").replace("+00:00", "Z") for time in (started, datetime.now(timezone.utc))
    )
    curves = [(task, result.get("losses", [])) for task, result in zip(section.tasks, results) if task.arm is not None]
    n = max((len(losses) for _, losses in curves), default=0)
    planned = max(n, config.get("steps", n))
    run = {
        "schema": "nn-lab/run",
        "schema_version": 1,
        "lab_version": metadata["lab_version"],
        "section": section.slug,
        "config": config,
        "seed": config["seed"],
        "device": {"asked": "cpu", "kind": "cpu", "name": f"PyTorch {torch.__version__}", "fallback": None},
        "begun": begun,
        "finished": finished,
        "outcome": "done" if n == planned else "stopped",
        "steps": {"done": n, "planned": planned},
        "series": [
            {
                "metric": task.curve or f"loss_{task.arm}",
                "title": task.curve_title or f"Loss, {task.arm}",
                "unit": "nats",
                "points": [[step, loss if math.isfinite(loss) else None] for step, loss in enumerate(losses, start=1)],
            }
            for task, losses in curves
            if losses
        ],
        "checks": [
            {
                "claim": f"{result['task']} agrees with the lab’s own.",
                "expected": "largest relative errors: " + ", ".join(f"{stage} {x:g}" for stage, x in TOLERANCES.items()),
                "measured": result.get("problem") or ", ".join(f"{stage} {x}" for stage, x in result["errors"].items()),
                "verdict": "holds" if result["agrees"] else "fails",
            }
            for result in results
        ],
        "checked": {
            "file": path.name,
            "date": begun,
            "results": [{key: value for key, value in result.items() if key != "losses"} for result in results],
        },
    }
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in run.items())
    target = path.with_suffix(".nnlab.json")
    target.write_text(f"{{\n{lines}\n}}\n")
    return target


def main(section):
    """Check the file that the command line names, and exit with the code that is described at the top."""
    name = f"nn-lab-{section.slug}-setup.safetensors"
    parser = argparse.ArgumentParser(description=f"Checks your own module against the lab's section {section.slug}.")
    parser.add_argument("file", type=Path, help="your Python file")
    parser.add_argument("--setup", type=Path, help=f"the set-up file (default: {name} here or next to this script)")
    args = parser.parse_args()
    setup_path = args.setup or (Path(name) if Path(name).exists() else Path(__file__).with_name(name))
    started, results = datetime.now(timezone.utc), []
    try:
        setup, batches, metadata = read_setup(setup_path, section)
        prepared = [Prepared(task, section, setup, batches) for task in section.tasks]
        student = load_student(args.file)
    except Problem as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
    for task in prepared:
        print(task.task.title)
        try:
            results.append(check(task, student, args.file))
        except Problem as problem:
            print(f"  {problem}")
            results.append({"task": task.task.title, "agrees": False, "problem": str(problem)})
    if all("problem" in result for result in results):
        sys.exit(2)
    target = write_run(args.file, section, metadata, results, started)
    agrees = all(result["agrees"] for result in results)
    print("Everything agrees with the lab." if agrees else "Not everything agrees with the lab.")
    print(f"{target.name} has your losses. Open it in the page's list of runs to see them over the lab's.")
    sys.exit(0 if agrees else 1)
