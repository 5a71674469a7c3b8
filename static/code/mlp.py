# %% [markdown]
# # A multilayer perceptron, with and without a non-linearity
#
# Two networks of the same size train on the same batches. The first has no activation function, so all of its
# layers together are one affine function of the input. The second applies one after every hidden layer.
#
# With `nn-lab-mlp-setup.safetensors` next to this file, both start from the lab's weights, train on the lab's
# first batches, and compare their losses with the lab's. Without it, weights and batches are drawn here.
# The samples come from the set-up file: those of the lab's first batches. Nothing is held out.  #? from_batches
# The images come from the lab's file `data/fashion-mnist.bin`; give its path with `--data`.  #? dataset=fashion-mnist

# %% Imports
import argparse
import json
import math  #? dataset=spirals|circles|moons
import zlib  #? dataset=fashion-mnist
from itertools import chain
from pathlib import Path
from statistics import fmean

import torch
from torch import nn

# %% Helpers
def read_safetensors(path):
    """Return the tensors of a .safetensors file by name, and its metadata."""
    data = Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})

    def tensor(entry):
        first, last = (8 + length + offset for offset in entry["data_offsets"])
        return torch.frombuffer(bytearray(data[first:last]), dtype=torch.float32).reshape(entry["shape"])

    return {name: tensor(entry) for name, entry in header.items()}, metadata


# %% Settings
FEATURES = 2  #= features
HIDDEN_DIMS = [32, 32, 32]  #= hidden_dims
CLASSES = 2  #= classes
BIAS = True  #= bias
LEARNING_RATE = 0.01  #= learning_rate
BATCH_SIZE = 64  #= batch_size
WEIGHT_DECAY = 0.01  #= weight_decay  #? weight_decay
STEPS = 1500  #= steps
SEED = 1  #= seed
NOISE = 0.03  #= noise  #? generated
N_POINTS = 600  #? generated

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=STEPS, help="number of training steps")
parser.add_argument("--setup", default="nn-lab-mlp-setup.safetensors", help="the lab's weights and batches")
parser.add_argument("--data", default="fashion-mnist.bin", help="the lab's images")  #? dataset=fashion-mnist
args, _ = parser.parse_known_args()  # A notebook has arguments of its own.


def generator(stream):
    """Return a random generator: 0 and 1 for the data, 2 for the weights, 3 for the batches."""
    # The lab's random numbers differ, so after the lab's batches the losses differ in detail.
    return torch.Generator().manual_seed(4 * SEED + stream)


# %% The network
class MLP(nn.Module):
    """A multilayer perceptron with L hidden layers.

    h_0    = x
    z_l    = h_{l-1} W_l^T + b_l    for l = 1, ..., L + 1  #? bias
    z_l    = h_{l-1} W_l^T          for l = 1, ..., L + 1  #? !bias
    h_l    = f(z_l)                 for l = 1, ..., L
    logits = z_{L+1}
    f(z)   = max(0, z)  #? activation=relu
    f(z)   = z Phi(z), Phi the distribution function of N(0, 1)  #? activation=gelu
    f(z)   = (e^z - e^-z) / (e^z + e^-z)  #? activation=tanh
    f(z)   = 1 / (1 + e^-z)  #? activation=sigmoid
    f(z)   = z  #? activation=identity

    Shapes: x [batch, d_in], h_l [batch, hidden_dims[l-1]], logits [batch, d_out], W_l [outputs, inputs].
    """

    def __init__(self, d_in, hidden_dims, d_out, activation):
        super().__init__()
        dims = [d_in, *hidden_dims, d_out]
        self.layers = nn.ModuleList(nn.Linear(n, m, bias=BIAS) for n, m in zip(dims, dims[1:]))
        self.activation = activation

    def forward(self, x):
        h = x
        for layer in self.layers[:-1]:
            z = layer(h)  #@ affine
            h = self.activation(z)  #@ activation
        return self.layers[-1](h)  #@ logits


# %% Initial weights
@torch.no_grad()
def initialize(net, gain):
    """Draw the weights.

    The variance gain^2 / d_in of W_l keeps the mean square of the signal about the same from layer to layer.
    """
    random = generator(2)  # Both networks get the same random numbers, each scaled by its own gain.
    for l, layer in enumerate(net.layers):
        d_in = layer.in_features
        if l == len(net.layers) - 1:
            gain = 1.0  # No activation function follows the last layer.
        k = gain * (3 / d_in) ** 0.5  # U(-k, k) has the variance k^2 / 3.  #@ weights
        layer.weight.uniform_(-k, k, generator=random)  #@ weights
        layer.bias.uniform_(-(d_in**-0.5), d_in**-0.5, generator=random)  #? bias  #@ biases


# %% Data
#{ generated
def points(stream):
    """Draw points of two classes in the plane.

    Shapes: x [N_POINTS, 2], y [N_POINTS].
    """
    random = generator(stream)
    y = torch.arange(N_POINTS) % 2
    sign = 1.0 - 2.0 * y  # +1 for class 0, -1 for class 1.  #? dataset!=circles
    t = torch.rand(N_POINTS, generator=random)
    #{ dataset=spirals
    # Two arms of 1.5 turns each. The square root spreads the points evenly along an arm.
    r, angle = 0.05 + 0.9 * t.sqrt(), 3 * math.pi * t.sqrt()  #@ samples
    x = torch.stack([sign * r * angle.cos(), sign * r * angle.sin()], dim=1)  #@ samples
    #}
    #{ dataset=circles
    # A disk of radius 0.45 (class 0) inside a ring (class 1).
    s = torch.rand(N_POINTS, generator=random)
    r, angle = torch.where(y == 0, 0.45 * s.sqrt(), 0.75 + 0.2 * s), 2 * math.pi * t  #@ samples
    x = torch.stack([r * angle.cos(), r * angle.sin()], dim=1)  #@ samples
    #}
    #{ dataset=moons
    # Two interleaved half circles.
    angle = math.pi * t  #@ samples
    x = torch.stack([sign * (0.6 * angle.cos() - 0.3), sign * (0.6 * angle.sin() - 0.15)], dim=1)  #@ samples
    #}
    #{ dataset=xor
    # Four squares. Opposite squares have the same class: 0 where the coordinates have the same sign.
    a, b = 0.05 + 0.9 * t, 0.05 + 0.9 * torch.rand(N_POINTS, generator=random)  #@ samples
    side = 1.0 - 2.0 * torch.randint(2, (N_POINTS,), generator=random)
    x = torch.stack([side * a, side * sign * b], dim=1)  #@ samples
    #}
    x = x + NOISE * torch.randn(N_POINTS, 2, generator=random)  #? noise  #@ samples
    return x, y


#}
#{ dataset=fashion-mnist
def fashion_mnist(path):
    """Read the lab's subset of Fashion-MNIST: 10,000 images for training and 2,000 for testing.

    Shapes: x [n, 784] with values from -1 to 1, y [n] for each part.
    """
    data = Path(path).read_bytes()
    if data[:8] != b"NNLABIMG":
        raise SystemExit(f"{path} is not the lab's fashion-mnist.bin. Download it from data/ on its site.")
    header = torch.frombuffer(bytearray(data[8:44]), dtype=torch.int32).tolist()
    n_train, n_test, filtered, levels = header[1], header[2], header[7] == 1, 255 >> header[8]
    content = torch.frombuffer(bytearray(zlib.decompress(data[44:-4])), dtype=torch.uint8).long()
    y, rows = content[: n_train + n_test], content[n_train + n_test :].reshape(-1, 28, 28)
    if filtered:
        rows = rows.cumsum(dim=1) % 256  # Each row is stored as its difference from the row above.
    gray = rows.clamp(max=levels) * 255 // levels  # The file has 64 gray levels.
    x = gray.reshape(-1, 784) / 127.5 - 1  #@ samples
    return (x[:n_train], y[:n_train]), (x[n_train:], y[n_train:])


#}
def endless_batches(x, y):
    """Yield mini-batches. Every epoch is a new shuffle; samples that do not fill a batch are dropped."""
    random = generator(3)  # Both networks see the same batches.
    batch_size = min(BATCH_SIZE, len(y))
    while True:
        order = torch.randperm(len(y), generator=random)
        for start in range(0, len(y) - batch_size + 1, batch_size):
            chosen = order[start : start + batch_size]
            yield x[chosen], y[chosen]


# %% The set-up from the lab
setup, recorded = {}, []
if Path(args.setup).exists():
    try:
        setup, metadata = read_safetensors(args.setup)
    except ValueError:
        metadata = {}
    if metadata.get("section") != "mlp":
        raise SystemExit(f"{args.setup} is not a set-up file of this section. Download it again.")
    while f"batch{len(recorded) + 1}.x" in setup:
        x, y = (setup[f"batch{len(recorded) + 1}.{name}"] for name in ("x", "y"))
        recorded.append((x, y.argmax(dim=1)))  # The file has one-hot rows.  #? !regression
        recorded.append((x, y))  #? regression
    print(f"Starting from the lab's weights, with the lab's first {len(recorded)} batches.")
else:
    print(f"There is no {args.setup}, so the weights are drawn from the same distributions as the lab's.")

train_set, test_set = points(0), points(1)  #? generated
#{ from_batches
if not recorded:
    raise SystemExit(f"The samples are in {args.setup}. Download it from the page.")
train_set = tuple(torch.cat(parts) for parts in zip(*recorded))
test_set = (torch.empty(0, FEATURES), torch.empty(0, dtype=torch.long))  #? !regression
test_set = (torch.empty(0, FEATURES), torch.empty(0, 1))  #? regression
print("Training uses the samples of the set-up file, so the test accuracy is unknown (nan).")  #? !regression
print("Training uses the samples of the set-up file, so the test error is unknown (nan).")  #? regression
#}
#{ dataset=fashion-mnist
if Path(args.data).exists():
    train_set, test_set = fashion_mnist(args.data)
elif recorded:
    train_set = tuple(torch.cat(parts) for parts in zip(*recorded))
    test_set = (torch.empty(0, FEATURES), torch.empty(0, dtype=torch.long))
    print(f"There is no {args.data}, so training uses the {len(train_set[1])} images of the set-up file.")
    print("Expect overfitting. The test accuracy is unknown (nan).")
else:
    raise SystemExit(f"There is no {args.data}. Download it from data/ on the lab's site, or use --data.")
#}


# %% Training
def train(net, steps):
    """Train on the lab's first batches, then on our own.

    Return the loss of every step, and the gradient norm of each layer's weight at the first step.
    """
    #{ optimizer=adam
    # m <- 0.9 m + 0.1 g,  v <- 0.999 v + 0.001 g^2
    # w <- w - lr m / (1 - 0.9^t) / (sqrt(v / (1 - 0.999^t)) + 1e-8)
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8)  #@ update
    #}
    # v <- 0.9 v + g,  w <- w - lr v  #? optimizer=momentum
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE, momentum=0.9)  #? optimizer=momentum  #@ update
    # w <- w - lr g  #? optimizer=sgd
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)  #? optimizer=sgd  #@ update
    losses, norms = [], []
    for _, (x, y) in zip(range(steps), chain(recorded, endless_batches(*train_set))):
        loss = nn.functional.cross_entropy(net(x), y)  # Mean of -log softmax(logits)[y].  #? !regression  #@ loss
        loss = nn.functional.mse_loss(net(x), y)  # Mean of (output - y)^2.  #? regression  #@ loss
        squares = sum(layer.weight.square().sum() for layer in net.layers)  #? weight_decay  #@ loss
        optimizer.zero_grad()
        (loss + WEIGHT_DECAY / 2 * squares).backward()  # Adds WEIGHT_DECAY * w to each gradient.  #? weight_decay  #@ gradients
        loss.backward()  #? !weight_decay  #@ gradients
        norms = norms or [layer.weight.grad.norm().item() for layer in net.layers]  #@ gradients
        optimizer.step()  #@ update
        losses.append(loss.item())
    return losses, norms


#{ !regression
@torch.no_grad()
def accuracy(net, x, y):
    """Return the fraction of samples whose largest logit is that of their class."""
    return (net(x).argmax(dim=1) == y).float().mean().item()  #@ accuracy
#}
#{ regression
@torch.no_grad()
def error(net, x, y):
    """Return the root mean squared error, in the units of the set-up file: a table is standardized."""
    return (net(x) - y).square().mean().sqrt().item()  #@ accuracy
#}


@torch.no_grad()
def single_layer(net):
    """Return the weight and the bias of the one layer that equals a network without activation function."""  #? bias
    """Return the weight of the one layer that equals a network without activation function."""  #? !bias
    weight = net.layers[0].weight
    bias = net.layers[0].bias  #? bias
    for layer in net.layers[1:]:
        weight = layer.weight @ weight  # W = W_{L+1} ... W_2 W_1  #@ single-layer
        bias = layer.weight @ bias + layer.bias  # b = (... (W_2 b_1 + b_2) ...) + b_{L+1}  #? bias  #@ single-layer
    return weight, bias  #? bias
    return weight  #? !bias


# %% Run
# For each network: its name in the set-up file, its activation function, and the gain of its initial weights.
NETS = {
    "linear": ("linear", nn.Identity(), 1.0),
    "non-linear": ("activated", torch.relu, 2**0.5),  # ReLU drops half of the mean square.  #? activation=relu
    "non-linear": ("activated", nn.functional.gelu, 2**0.5),  # GELU drops about half of it.  #? activation=gelu
    "non-linear": ("activated", torch.tanh, 1.0),  #? activation=tanh
    "non-linear": ("activated", torch.sigmoid, 1.0),  #? activation=sigmoid
    "non-linear": ("activated", nn.Identity(), 1.0),  #? activation=identity
}
nets, curves, norms = {}, {}, {}
for name, (slug, activation, gain) in NETS.items():
    net = MLP(FEATURES, HIDDEN_DIMS, CLASSES, activation)
    if setup:
        try:
            net.load_state_dict({key: setup[f"{slug}.0.{key}"] for key in net.state_dict()})
        except (KeyError, RuntimeError):
            raise SystemExit(f"{args.setup} is for other settings. Download both again.") from None
    else:
        initialize(net, gain)
    nets[name] = net
    curves[name], norms[name] = train(net, args.steps)

if setup:
    lab = {name: setup[f"{slug}.loss"].tolist() for name, (slug, _, _) in NETS.items()}
    pairs = [pair for name in NETS for pair in zip(curves[name][:3], lab[name])]
    error = max(abs(ours - theirs) / abs(theirs) for ours, theirs in pairs)
    if error <= 1e-4:
        print(f"The first three losses agree with the lab's: largest relative error {error:.0e}.")
    else:
        print(f"The first three losses differ from the lab's: largest relative error {error:.0e}.")
        print("If this file is unchanged, download it and the set-up file again, with the same settings.")

# %% Results
print(f"\n{'step':>10}" + "".join(f"{name:>14}" for name in NETS))
for step in [step for step in range(1, args.steps + 1) if step <= 3 or step % max(args.steps // 5, 1) == 0]:
    print(f"{step:>10}" + "".join(f"{curves[name][step - 1]:>14.4f}" for name in NETS))

weight, bias = single_layer(nets["linear"])  #? bias
weight = single_layer(nets["linear"])  #? !bias
x, y = test_set  #? generated
x, y = train_set  #? !generated
difference = (nets["linear"](x) - (x @ weight.T + bias)).abs().max().item()  #? bias  #@ single-layer
difference = (nets["linear"](x) - x @ weight.T).abs().max().item()  #? !bias  #@ single-layer
part = (train_set[0][:2000], train_set[1][:2000])
rows = {
    "Loss, mean of the last 20 steps": [f"{fmean(curves[name][-20:]):.4f}" for name in NETS],
    "Training accuracy": [f"{accuracy(net, *part):.1%}" for net in nets.values()],  #? !regression
    "Test accuracy": [f"{accuracy(net, *test_set):.1%}" for net in nets.values()],  #? !regression
    "Training error": [f"{error(net, *part):.4f}" for net in nets.values()],  #? regression
    "Test error": [f"{error(net, *test_set):.4f}" for net in nets.values()],  #? regression
    "Gradient norm at step 1, first layer / last": [f"{n[0] / n[-1]:.3g}" for n in norms.values()],
    "Parameters": [f"{sum(p.numel() for p in net.parameters()):,}" for net in nets.values()],
}
print(f"\n{'':<46}" + "".join(f"{name:>12}" for name in NETS))
for row, values in rows.items():
    print(f"{row:<46}" + "".join(f"{value:>12}" for value in values))
print(f"\nThe linear network and its single layer differ by at most {difference:.1e}, which is rounding.")
