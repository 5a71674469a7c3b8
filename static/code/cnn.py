# %% [markdown]
# # A standard and a depthwise separable CNN
#
# Both networks have five blocks, each followed by 2 × 2 max pooling, and a linear classifier. A block of the first
# network is a 3 × 3 convolution. A block of the second one is a depthwise 3 × 3 convolution, which mixes positions, and
# a pointwise 1 × 1 convolution, which mixes channels. The script trains both on the same batches and compares
# parameters, multiply-accumulates (MACs) and test accuracy.
#
# It reads two files from the current folder:  #? dataset!=own
# It reads a file from the current folder:  #? dataset=own
# `nn-lab-cnn-setup.safetensors` has the lab's initial weights and first batches;
# `fashion-mnist.bin` has the images, and is `data/fashion-mnist.bin` on the lab's site.  #? dataset=fashion-mnist
# `cifar-10-batches-bin` has the images, and is the folder in `cifar-10-binary.tar.gz`.  #? dataset=cifar10
# your own pictures are in its batches, and nowhere else.  #? dataset=own

# %% Imports
import argparse
import json
import struct  #? dataset=fashion-mnist
import sys
import time
import zlib  #? dataset=fashion-mnist
from pathlib import Path
from statistics import mean, median

import torch
from torch import nn
from torch.nn import functional as F


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
SEED = 1  #= seed
IMAGE_CHANNELS = 1  #= image_channels
N_CLASSES = 10  #= n_classes
N_TRAIN = 4000  #= n_train  #? dataset!=own
N_TEST = 1000  #= n_test  #? dataset!=own
WIDTH = 8  #= width
WIDTH_SEPARABLE = 24  #= width_separable  #? compare=budget
BATCH_SIZE = 32  #= batch_size
LEARNING_RATE = 0.003  #= learning_rate
EPOCHS = 10  #= epochs


# %% A convolution, written out. It is slow; the networks use nn.Conv2d, which computes the same.
def convolve(x, weight, bias, S=1, P=0, D=1):
    """
    Convolution with stride S, padding P and dilation D, as a sum over the positions (u, v) of the kernel.

    x: [batch, in_ch, H, W], weight: [out_ch, in_ch, K, K], bias: [out_ch]
    output: [batch, out_ch, H_out, W_out]
    """
    K = weight.shape[-1]
    # H_out = floor((H + 2P - D (K - 1) - 1) / S) + 1
    H_out, W_out = ((side + 2 * P - D * (K - 1) - 1) // S + 1 for side in x.shape[2:])  #@ output-size
    x = F.pad(x, (P, P, P, P))
    # y[o, r, c] = b[o] + sum over i, u, v of w[o, i, u, v] x[i, S r + D u - P, S c + D v - P]
    y = bias[:, None, None]  #@ convolution
    for u in range(K):
        for v in range(K):
            rows = slice(D * u, D * u + S * (H_out - 1) + 1, S)  #@ convolution
            columns = slice(D * v, D * v + S * (W_out - 1) + 1, S)  #@ convolution
            y = y + torch.einsum("oi,birc->borc", weight[:, :, u, v], x[:, :, rows, columns])  #@ convolution
    return y


reference = nn.Conv2d(2, 3, kernel_size=3, stride=2, padding=1)
x = torch.randn(1, 2, 7, 7)
assert torch.allclose(convolve(x, reference.weight, reference.bias, S=2, P=1), reference(x), atol=1e-5)


# %% Blocks
class ConvBlock(nn.Module):
    """
    A standard convolution and ReLU.

    input: [batch, in_ch, H, W], output: [batch, out_ch, H, W] for an odd K
    """

    def __init__(self, in_ch, out_ch, K):
        super().__init__()
        self.conv = nn.Conv2d(in_ch, out_ch, K, padding=(K - 1) // 2)  #@ convolution
        # He et al. 2015: weights of variance 2 / fan_in preserve the variance of the signal, of which ReLU drops half.
        nn.init.kaiming_uniform_(self.conv.weight, nonlinearity="relu")  #@ initialization

    def forward(self, x):
        # z[o, r, c] = b[o] + sum over i, u, v of w[o, i, u, v] x[i, r + u - P, c + v - P]
        z = self.conv(x)  #@ convolution
        return torch.relu(z)  #@ relu


class DepthwiseSeparable(nn.Module):
    """
    A depthwise convolution (one K × K kernel per channel), a pointwise (1 × 1) convolution, and ReLU.

    input: [batch, in_ch, H, W], output: [batch, out_ch, H, W] for an odd K
    """

    def __init__(self, in_ch, out_ch, K):
        super().__init__()
        # With as many groups as channels, each output channel depends on one input channel only.
        self.depthwise = nn.Conv2d(in_ch, in_ch, K, padding=(K - 1) // 2, groups=in_ch)  #@ depthwise
        self.pointwise = nn.Conv2d(in_ch, out_ch, kernel_size=1)  #@ pointwise
        # No ReLU follows the depthwise convolution, so its weights have variance 1 / fan_in, with fan_in = K^2.
        nn.init.kaiming_uniform_(self.depthwise.weight, nonlinearity="linear")  #@ initialization
        nn.init.kaiming_uniform_(self.pointwise.weight, nonlinearity="relu")  #@ initialization

    def forward(self, x):
        # d[i, r, c] = b[i] + sum over u, v of w[i, u, v] x[i, r + u - P, c + v - P]
        d = self.depthwise(x)  #@ depthwise
        # z[o, r, c] = b[o] + sum over i of w[o, i] d[i, r, c]
        z = self.pointwise(d)  #@ pointwise
        return torch.relu(z)  #@ relu


# %% Network
class CNN(nn.Module):
    """
    Five blocks, each followed by 2 × 2 max pooling, and a linear classifier.

    The first block is always a standard one, as in MobileNets (Howard et al. 2017).

    input: [batch, in_ch, 32, 32], output: logits, [batch, n_classes]
    """

    def __init__(self, in_ch, width, n_classes, separable):
        super().__init__()
        channels = [in_ch, width, 2 * width, 4 * width, 8 * width, 8 * width]  #@ network
        Block = DepthwiseSeparable if separable else ConvBlock
        self.blocks = nn.ModuleList([ConvBlock(channels[0], channels[1], K=3)])  #@ network
        self.blocks.extend(Block(channels[i], channels[i + 1], K=3) for i in range(1, 5))  #@ network
        self.head = nn.Linear(channels[5], n_classes)  #@ classifier
        # All biases keep PyTorch's initialization, uniform between -1 / sqrt(fan_in) and 1 / sqrt(fan_in).
        nn.init.kaiming_uniform_(self.head.weight, nonlinearity="linear")  #@ initialization

    def forward(self, x):
        h = x
        for block in self.blocks:
            # Pooling halves the maps, from 32 × 32 to 1 × 1.
            h = F.max_pool2d(block(h), kernel_size=2)  #@ pooling network
        # [batch, 8w, 1, 1] -> [batch, 8w] -> [batch, n_classes]
        return self.head(h.flatten(start_dim=1))  #@ classifier


def layer_costs(model):
    """Return (parameters, MACs for one image) of each block and of the classifier."""
    # Each position of a layer's output takes one product per weight. Biases have one dimension only.
    return [
        (
            sum(p.numel() for p in layer.parameters()),  #@ parameters
            side**2 * sum(p.numel() for p in layer.parameters() if p.dim() > 1),  #@ macs
        )
        for layer, side in zip([*model.blocks, model.head], [32, 16, 8, 4, 2, 1])
    ]


#{ dataset!=own
# %% Data
#{ dataset=fashion-mnist
def read_images(path):
    """Read the lab's Fashion-MNIST: training images [n, 1, 32, 32] from 0 to 255 with labels [n], then test images."""
    data = path.read_bytes()
    # Eight letters, nine integers, compressed labels and pixels, and a checksum of four bytes.
    _, n_train, n_test, _, _, _, _, differences, n_dropped_bits = struct.unpack("<9I", data[8:44])
    content = torch.frombuffer(bytearray(zlib.decompress(data[44:-4])), dtype=torch.uint8).long()
    labels, pixels = content[: n_train + n_test], content[n_train + n_test :].reshape(-1, 1, 28, 28)
    if differences:  # Each row is stored as its difference from the row above, modulo 256.
        pixels = pixels.cumsum(dim=2) % 256
    brightest = 255 >> n_dropped_bits
    images = F.pad(pixels.clamp(max=brightest) * 255 // brightest, (2, 2, 2, 2))  # 28 × 28 -> 32 × 32
    train, test = slice(min(n_train, N_TRAIN)), slice(n_train, n_train + N_TEST)
    return images[train], labels[train], images[test], labels[test]


#}
#{ dataset=cifar10
def read_images(folder):
    """Read CIFAR-10: training images [n, 3, 32, 32] from 0 to 255 with labels [n], then test images."""

    def read(names, n):
        data = b"".join(path.read_bytes() for path in sorted(folder.glob(names)))
        records = torch.frombuffer(bytearray(data), dtype=torch.uint8).reshape(-1, 1 + 3 * 32 * 32)[:n].long()
        return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]

    return *read("data_batch_*.bin", N_TRAIN), *read("test_batch.bin", N_TEST)


#}
#{ crop
def crop(x, generator):
    """Shift each image at random by up to 4 pixels in each direction. Pixels from outside are black."""
    corners = torch.randint(0, 9, (len(x), 2), generator=generator).tolist()
    padded = F.pad(x, (4, 4, 4, 4))
    return torch.stack([image[:, r : r + 32, c : c + 32] for image, (r, c) in zip(padded, corners)])  #@ augmentation


#}
#{ flip
def flip(x, generator):
    """Mirror each image left to right with probability 1/2."""
    mirrored = torch.rand(len(x), generator=generator) < 0.5
    return torch.where(mirrored[:, None, None, None], x.flip(dims=[3]), x)  #@ augmentation


#}
class Images:
    """Training and test images, normalized by mean and standard deviation of each channel."""

    def __init__(self, path):
        self.train_x, self.train_y, test_x, self.test_y = read_images(path)
        self.std, self.mean = torch.std_mean(self.train_x / 255, dim=(0, 2, 3), correction=0, keepdim=True)
        self.test_x = self.normalize(test_x)
        self.batch_size = min(BATCH_SIZE, len(self.train_x))
        self.steps_per_epoch = len(self.train_x) // self.batch_size

    def normalize(self, x):
        return (x / 255 - self.mean) / self.std  #@ data

    def batches(self):
        """Yield batches without end. Every epoch is a new shuffle, without the images that do not fill a batch."""
        # The lab draws its random numbers with another generator, so later losses differ in detail from the lab's.
        generator = torch.Generator().manual_seed(SEED)
        while True:
            order = torch.randperm(len(self.train_x), generator=generator)
            for batch in order.split(self.batch_size)[: self.steps_per_epoch]:
                x = self.train_x[batch]
                x = crop(x, generator)  #? crop  #@ augmentation
                x = flip(x, generator)  #? flip  #@ augmentation
                yield self.normalize(x), self.train_y[batch]  #@ data


#}
# %% Training
def train(name, model, recorded, images, n_steps):
    """Train on the recorded batches, then on batches of the images. Return losses and milliseconds of all steps."""
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8)
    batches = images.batches() if images else None
    losses, times = [], []
    for step in range(1, n_steps + 1):
        x, labels = recorded[step - 1] if step <= len(recorded) else next(batches)
        start = time.perf_counter()
        # L = -(1 / batch) sum over images of log softmax(logits)[label]
        loss = F.cross_entropy(model(x), labels)  #@ loss
        optimizer.zero_grad()
        loss.backward()
        # m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2, w <- w - lr m_hat / (sqrt(v_hat) + eps)
        optimizer.step()  #@ adam
        losses.append(loss.item())
        times.append(1000 * (time.perf_counter() - start))
        if images and (step % images.steps_per_epoch == 0 or step == n_steps):
            print(f"{name}, step {step}: loss {losses[-1]:.4f}, test accuracy {accuracy(model, images):.3f}")
        elif step <= 3 or step == n_steps:
            print(f"{name}, step {step}: loss {losses[-1]:.4f}")
    return losses, times


@torch.no_grad()
def accuracy(model, images):
    """Return the fraction of test images whose largest logit is the label's."""
    predicted = torch.cat([model(x).argmax(dim=1) for x in images.test_x.split(250)])  #@ accuracy
    return (predicted == images.test_y).float().mean().item()  #@ accuracy


# %% Files
parser = argparse.ArgumentParser(description="Trains a standard and a depthwise separable CNN.")
parser.add_argument("--steps", type=int, help="number of training steps; by default those of all epochs")
parser.add_argument("--setup", type=Path, default=Path("nn-lab-cnn-setup.safetensors"))
parser.add_argument("--data", type=Path, default=Path("fashion-mnist.bin"))  #? dataset=fashion-mnist
parser.add_argument("--data", type=Path, default=Path("cifar-10-batches-bin"))  #? dataset=cifar10
options, _ = parser.parse_known_args()

images = Images(options.data) if options.data.exists() else None  #? dataset!=own
images = None  # they are in the lab only  #? dataset=own
setup, metadata = read_safetensors(options.setup) if options.setup.exists() else ({}, {"section": "cnn"})
if metadata.get("section") != "cnn":
    sys.exit(f"{options.setup} belongs to another section. Download the set-up file from the page with the CNNs.")
if not setup and not images:
    sys.exit(f"There are no images: put {options.setup} or {options.data} into the current folder.")  #? dataset!=own
    sys.exit(f"There are no pictures: put {options.setup} into the current folder.")  #? dataset=own
if not setup:
    print(f"There is no {options.setup}: PyTorch draws weights and batches, so losses differ from the lab's.")
n_recorded = sum(name.startswith("batch") and name.endswith(".x") for name in setup)
recorded = [(setup[f"batch{i}.x"], setup[f"batch{i}.y"].argmax(dim=1)) for i in range(1, n_recorded + 1)]  #@ data
n_steps = options.steps or (images.steps_per_epoch * EPOCHS if images else n_recorded)
if not images:
    n_steps = min(n_steps, n_recorded)
    print(f"There is no {options.data}, so training ends after {n_steps} steps, with the batches of the set-up file.")  #? dataset!=own
    print(f"Training ends after {n_steps} steps, with the batches of the set-up file.")  #? dataset=own

# %% Both networks, from the same seed and on the same batches
results = {}
for arm, name in {"conv": "standard CNN", "separable": "separable CNN"}.items():
    torch.manual_seed(SEED)
    width = WIDTH  #? compare=size
    width = WIDTH_SEPARABLE if arm == "separable" else WIDTH  #? compare=budget
    model = CNN(IMAGE_CHANNELS, width, N_CLASSES, separable=arm == "separable")  #@ network
    if setup:
        prefix = f"{arm}.0."
        model.load_state_dict({key.removeprefix(prefix): setup[key] for key in setup if key.startswith(prefix)})
    losses, times = train(name, model, recorded, images, n_steps)
    results[name] = (model, losses, times)
    if setup:
        lab = setup[f"{arm}.loss"][:3].tolist()
        error = max(abs(ours - theirs) / abs(theirs) for ours, theirs in zip(losses, lab))
        if error <= 1e-4:
            print(f"The first three losses agree with the lab's: largest relative error {error:.0e}.")
        else:
            print(f"The first three losses are {losses[:3]}, but the lab's are {lab}.")


# %% Results
def row(label, values):
    print(f"{label:32}" + "".join(f"{value:>16}" for value in values))


print()
row("", results)
costs = [layer_costs(model) for model, _, _ in results.values()]
for kind, title in enumerate(["parameters", "MACs"]):
    for number, layer in enumerate(zip(*costs), start=1):
        row(f"{title}, block {number}" if number < 6 else f"{title}, classifier", [f"{cost[kind]:,}" for cost in layer])
    row(f"{title}, whole network", [f"{sum(cost[kind] for cost in layers):,}" for layers in costs])
row("time per step, median (ms)", [f"{median(times):.1f}" for _, _, times in results.values()])
row("training loss, last 20 steps", [f"{mean(losses[-20:]):.4f}" for _, losses, _ in results.values()])
if images:
    row("test accuracy", [f"{accuracy(model, images):.3f}" for model, _, _ in results.values()])
