"""Milliseconds per training step of the same networks in PyTorch on one thread, as a JSON list.

The argument is a JSON list of jobs: a kind of network and its sizes. A step is forward, backward and Adam on a fixed batch.
"""

import json
import math
import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

torch.set_num_threads(1)
torch.manual_seed(1)


class Block(nn.Module):
    """A block of a transformer with layer norm before each branch."""

    def __init__(self, d: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, t, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, d))
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    def __init__(self, d: int, layers: int, heads: int = 4, vocabulary: int = 62) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, d)
        self.blocks = nn.Sequential(*(Block(d, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(d)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.norm(self.blocks(self.embedding(x))) @ self.embedding.weight.T).flatten(0, 1)


class Recurrent(nn.Module):
    def __init__(self, gates: int, d: int) -> None:
        super().__init__()
        self.cell = (nn.LSTM if gates == 4 else nn.RNN)(10, d, batch_first=True)
        self.head = nn.Linear(d, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.cell(x)[0][:, -1])


class Residual(nn.Module):
    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(c_out),
            nn.ReLU(),
            nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(c_out),
        )
        projection = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))
        self.shortcut = nn.Identity() if c_in == c_out else projection

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.shortcut(x) + self.branch(x))


def resnet(c: int, depth: int) -> nn.Module:
    blocks, c_in = [], c
    for stage, c_out in enumerate((c, 2 * c, 4 * c)):
        for block in range((depth - 2) // 6):
            blocks.append(Residual(c_in, c_out, 2 if stage and not block else 1))
            c_in = c_out
    first = [nn.Conv2d(1, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c), nn.ReLU()]
    return nn.Sequential(*first, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * c, 10))


def cnn(w: int) -> nn.Module:
    layers, c_in = [], 1
    for c_out in (w, 2 * w, 4 * w, 8 * w, 8 * w):
        layers += [nn.Conv2d(c_in, c_out, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2)]
        c_in = c_out
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 * w, 10))


def mlp(depth: int, width: int) -> nn.Module:
    layers, d = [], 784
    for _ in range(depth):
        layers += [nn.Linear(d, width), nn.ReLU()]
        d = width
    return nn.Sequential(*layers, nn.Linear(d, 10))


def network(job: dict) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """Returns the network of a job, with a batch of inputs and classes."""
    b = job["batch_size"]
    classes = torch.randint(10, (b,))
    match job["kind"]:
        case "transformer":
            tokens = torch.randint(62, (b, job["context"]))
            return Transformer(job["d_model"], job["layers"]), tokens, tokens.flatten()
        case "mlp":
            return mlp(job["depth"], job["width"]), torch.randn(b, 784), classes
        case "cnn":
            return cnn(job["width"]), torch.randn(b, 1, 32, 32), classes
        case "resnet":
            side = job["side"]
            return resnet(round(16 * job["width"]), job["depth"]), torch.randn(b, 1, side, side), classes
        case "recurrent":
            return Recurrent(job["gates"], job["d_hidden"]), torch.randn(b, job["seq_len"], 10), classes % 2
        case kind:
            raise ValueError(f"There is no network called {kind}.")


def train(job: dict) -> Callable[[float], float]:
    """Returns a function that trains a network for some seconds and returns the first quartile of the times of a step."""
    net, x, y = network(job)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

    def burst(seconds: float) -> float:
        times, start = [], time.perf_counter()
        while len(times) < 4 or time.perf_counter() - start < seconds:
            began = time.perf_counter()
            optimizer.zero_grad()
            loss = functional.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
            if not math.isfinite(loss.item()):
                raise ValueError("The loss is not a number.")
            times.append(1000 * (time.perf_counter() - began))
        return statistics.quantiles(times, n=4)[0]

    return burst


# In turn, as the lab is measured; the fastest round counts.
bursts = [train(job) for job in json.loads(sys.argv[1])]
rounds = [[burst(0.3) for burst in bursts] for _ in range(6)]
print(json.dumps([min(times) for times in zip(*rounds[1:], strict=True)]))
