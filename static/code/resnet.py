# %% [markdown]
# # Residual networks
# A plain network and a residual network with the same layers are trained on the same batches (He et al. 2016,
# "Deep residual learning", section 4.2; the blocks are those of He et al. 2016b, "Identity mappings").  #? order=pre
# "Deep residual learning", section 4.2).  #? order=post
# The tables at the end show how well each network learns and how much gradient reaches each of its blocks.
#
# Files next to this script: `nn-lab-resnet-setup.safetensors` has the lab's weights and first batches;  #? dataset!=own
# The file `nn-lab-resnet-setup.safetensors` next to this script has the lab's weights and first batches.  #? dataset=own
# Your own pictures are in these batches, and nowhere else.  #? dataset=own
# `fashion-mnist.bin` has the lab's images.  #? dataset=fashion-mnist
# the folder `cifar-10-batches-bin` has the binary version of CIFAR-10.  #? dataset=cifar10

# %% Settings
import argparse
import itertools
import json
import math
import struct  #? dataset=fashion-mnist
import zlib  #? dataset=fashion-mnist
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

BLOCKS_PER_STAGE = 3  #= blocks_per_stage
CHANNELS = 4  #= channels
CHANNELS_IN = 1  #= channels_in
N_CLASSES = 10  #= n_classes
LEARNING_RATE = 0.003  #= learning_rate
BATCH_SIZE = 32  #= batch_size
STEPS = 240  #= steps
SEED = 1  #= seed
SCORE_INTERVAL = 24  #= score_interval

parser = argparse.ArgumentParser(description="Trains a plain and a residual network.")
parser.add_argument("--steps", type=int, default=STEPS, help="training steps")
parser.add_argument("--setup", default="nn-lab-resnet-setup.safetensors", help="the lab's weights and batches")
parser.add_argument("--data", default="fashion-mnist.bin", help="the lab's images")  #? dataset=fashion-mnist
parser.add_argument("--data", default="cifar-10-batches-bin", help="folder of CIFAR-10")  #? dataset=cifar10
options, _ = parser.parse_known_args()

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


# %% The block
def conv(in_ch, out_ch, k, stride=1):
    """Return a k x k convolution whose padding keeps the image size, apart from the stride."""
    # Without a bias: batch norm would subtract it again with the mean of the channel.  #? batch_norm
    return nn.Conv2d(in_ch, out_ch, k, stride, padding=k // 2, bias=False)  #? batch_norm
    return nn.Conv2d(in_ch, out_ch, k, stride, padding=k // 2)  #? !batch_norm


#{ block=basic
class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions F and a shortcut s.

    output = relu(s(h) + F(h)), or relu(F(h)) in a plain block  #? order=post
    output = s(h) + F(h), or F(h) in a plain block  #? order=pre

    h:      [B, in_ch, H, W]
    output: [B, channels, H / stride, W / stride]
    """

    def __init__(self, in_ch, channels, stride, residual=True):
        super().__init__()
        out_ch = channels
        self.conv1 = conv(in_ch, channels, 3, stride)
        self.bn1 = nn.BatchNorm2d(channels)  #? batch_norm order=post
        self.bn1 = nn.BatchNorm2d(in_ch)  #? batch_norm order=pre
        self.conv2 = conv(channels, out_ch, 3)
        self.bn2 = nn.BatchNorm2d(out_ch)  #? batch_norm
#}
#{ block=bottleneck
class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions F and a shortcut s.

    output = relu(s(h) + F(h)), or relu(F(h)) in a plain block  #? order=post
    output = s(h) + F(h), or F(h) in a plain block  #? order=pre

    The first convolution reduces the channels, so that the expensive 3 x 3 convolution has few of them. The last one
    expands them to four times as many.

    h:      [B, in_ch, H, W]
    output: [B, 4 channels, H / stride, W / stride]
    """

    def __init__(self, in_ch, channels, stride, residual=True):
        super().__init__()
        out_ch = 4 * channels
        self.conv1 = conv(in_ch, channels, 1)
        self.bn1 = nn.BatchNorm2d(channels)  #? batch_norm order=post
        self.bn1 = nn.BatchNorm2d(in_ch)  #? batch_norm order=pre
        self.conv2 = conv(channels, channels, 3, stride)
        self.bn2 = nn.BatchNorm2d(channels)  #? batch_norm
        self.conv3 = conv(channels, out_ch, 1)
        self.bn3 = nn.BatchNorm2d(out_ch)  #? batch_norm order=post
        self.bn3 = nn.BatchNorm2d(channels)  #? batch_norm order=pre
#}
        self.residual = residual
        self.stride, self.new_channels = stride, out_ch - in_ch  #? shortcut=a
        # Option B: a projection where the shape changes, the identity elsewhere.  #? shortcut=b
        self.projects = residual and (stride != 1 or in_ch != out_ch)  #? shortcut=b
        # Option C: a projection in every block.  #? shortcut=c
        self.projects = residual  #? shortcut=c
#{ shortcut=b|c
        if self.projects:
            self.projection = conv(in_ch, out_ch, 1, stride)
            self.projection_bn = nn.BatchNorm2d(out_ch)  #? batch_norm order=post
#}

#{ shortcut=a
    def shortcut(self, h):
        """Return s(h), option A: skip pixels and append channels of zeros where the shape changes."""
        h = h[:, :, :: self.stride, :: self.stride]  #@ shortcut
        return F.pad(h, (0, 0, 0, 0, 0, self.new_channels))  #@ shortcut
#}
#{ shortcut=b|c order=post
    def shortcut(self, h):
        """Return s(h): h itself, or a 1 x 1 convolution where the shape changes."""  #? shortcut=b
        """Return s(h): a 1 x 1 convolution."""  #? shortcut=c
        if not self.projects:  #? shortcut=b
            return h  #? shortcut=b  #@ shortcut
        return self.projection_bn(self.projection(h))  #? batch_norm  #@ shortcut
        return self.projection(h)  #? !batch_norm  #@ shortcut
#}
#{ shortcut=b|c order=pre
    def shortcut(self, h, a):
        """Return s(h): h itself, or a 1 x 1 convolution of a = relu(BN(h)) where the shape changes."""  #? shortcut=b batch_norm
        """Return s(h): h itself, or a 1 x 1 convolution of a = relu(h) where the shape changes."""  #? shortcut=b !batch_norm
        """Return s(h): a 1 x 1 convolution of a = relu(BN(h))."""  #? shortcut=c batch_norm
        """Return s(h): a 1 x 1 convolution of a = relu(h)."""  #? shortcut=c !batch_norm
        if not self.projects:  #? shortcut=b
            return h  #? shortcut=b  #@ shortcut
        return self.projection(a)  #@ shortcut
#}

    def forward(self, h):
#{ order=post
        # F(h): convolution, batch norm and ReLU, but no ReLU after the last batch norm.  #? batch_norm
        # F(h): ReLU between the convolutions, but none after the last one.  #? !batch_norm
#{ batch_norm
        branch = torch.relu(self.bn1(self.conv1(h)))  #@ branch batch-norm
        branch = self.bn2(self.conv2(branch))  #? block=basic  #@ branch batch-norm
        branch = torch.relu(self.bn2(self.conv2(branch)))  #? block=bottleneck  #@ branch batch-norm
        branch = self.bn3(self.conv3(branch))  #? block=bottleneck  #@ branch batch-norm
#}
#{ !batch_norm
        branch = torch.relu(self.conv1(h))  #@ branch
        branch = self.conv2(branch)  #? block=basic  #@ branch
        branch = torch.relu(self.conv2(branch))  #? block=bottleneck  #@ branch
        branch = self.conv3(branch)  #? block=bottleneck  #@ branch
#}
        # The sum, and only then the last ReLU.
        total = branch + self.shortcut(h) if self.residual else branch  #@ sum
        return torch.relu(total)  #@ activation
#}
#{ order=pre
        # F(h): batch norm and ReLU come before each convolution.  #? batch_norm
        # F(h): ReLU comes before each convolution.  #? !batch_norm
        a = torch.relu(self.bn1(h))  #? batch_norm  #@ branch batch-norm
        a = torch.relu(h)  #? !batch_norm  #@ branch
        branch = self.conv1(a)  #@ branch
        branch = self.conv2(torch.relu(self.bn2(branch)))  #? batch_norm  #@ branch batch-norm
        branch = self.conv2(torch.relu(branch))  #? !batch_norm  #@ branch
        branch = self.conv3(torch.relu(self.bn3(branch)))  #? batch_norm block=bottleneck  #@ branch batch-norm
        branch = self.conv3(torch.relu(branch))  #? !batch_norm block=bottleneck  #@ branch
        # Nothing follows the sum: the shortcuts carry the signal through the network unchanged.
        return branch + self.shortcut(h) if self.residual else branch  #? shortcut=a  #@ sum
        return branch + self.shortcut(h, a) if self.residual else branch  #? shortcut=b|c  #@ sum
#}


# %% The network
class ResNet(nn.Module):
    """Three stages of blocks with c, 2c and 4c channels; the second and the third start with a stride of 2.

    x:      [B, image_channels, side, side]
    output: [B, n_classes], the logits
    """

    def __init__(self, image_channels, channels, blocks_per_stage, n_classes, residual):
        super().__init__()
        self.conv1 = conv(image_channels, channels, 3)
        self.bn1 = nn.BatchNorm2d(channels)  #? batch_norm order=post
        self.blocks = nn.Sequential()
        in_ch = channels
        for stage in range(3):
            for block in range(blocks_per_stage):
                stride = 2 if stage > 0 and block == 0 else 1
                self.blocks.append(BasicBlock(in_ch, channels * 2**stage, stride, residual))  #? block=basic
                in_ch = channels * 2**stage  #? block=basic
                self.blocks.append(Bottleneck(in_ch, channels * 2**stage, stride, residual))  #? block=bottleneck
                in_ch = 4 * channels * 2**stage  #? block=bottleneck
        self.last_norm = nn.BatchNorm2d(in_ch)  #? batch_norm order=pre
        self.head = nn.Linear(in_ch, n_classes)

    def forward(self, x):
        h = torch.relu(self.bn1(self.conv1(x)))  #? batch_norm order=post  #@ stem
        h = torch.relu(self.conv1(x))  #? !batch_norm order=post  #@ stem
        h = self.conv1(x)  #? order=pre  #@ stem
        h = self.blocks(h)  #@ branch shortcut sum
        h = torch.relu(self.last_norm(h))  #? batch_norm order=pre  #@ activation
        h = torch.relu(h)  #? !batch_norm order=pre  #@ activation
        pooled = h.mean(dim=(2, 3))  # global average pooling: [B, C, H, W] -> [B, C]  #@ pool
        return self.head(pooled)  #@ head


def initialize(net, generator):
    """Draw the initial weights, all from uniform distributions: U(-b, b) has variance b^2 / 3."""
    layers = net.modules()  #? shortcut=a
#{ shortcut=b|c
    # Projections come last, so that all other weights are the same in the plain and in the residual network.
    layers = [layer for _, layer in sorted(net.named_modules(), key=lambda named: "projection" in named[0])]
#}
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            fan_in = layer.weight[0].numel()  # k^2 in_ch
            # PyTorch's default: variance 1 / (3 fan_in), and biases from the same distribution.  #? init=pytorch !batch_norm
            # PyTorch's default: variance 1 / (3 fan_in).  #? init=pytorch batch_norm
            bound = math.sqrt(1 / fan_in)  #? init=pytorch  #@ init
            # He et al. 2015: variance 2 / fan_in. The 2 makes up for ReLU, which drops half of the signal.  #? init=he
            bound = math.sqrt(6 / fan_in)  #? init=he  #@ init
            # LeCun et al. 1998: variance 1 / fan_in.  #? init=lecun
            bound = math.sqrt(3 / fan_in)  #? init=lecun  #@ init
            nn.init.uniform_(layer.weight, -bound, bound, generator=generator)  #@ init
            nn.init.uniform_(layer.bias, -bound, bound, generator=generator)  #? init=pytorch !batch_norm  #@ init
            nn.init.zeros_(layer.bias)  #? init!=pytorch !batch_norm  #@ init
        elif isinstance(layer, nn.Linear):
            bound = math.sqrt(3 / layer.in_features)  # variance 1 / fan_in
            nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
            nn.init.zeros_(layer.bias)


# %% The images
#{ dataset=fashion-mnist
def read_images(path):
    """Return training and test images as pairs of pixels [n, 1, 32, 32] from 0 to 255 and labels [n]."""
    data = Path(path).read_bytes()
    _, n_train, n_test, height, width, _, _, is_filtered, shift = struct.unpack_from("<9I", data, 8)
    payload = torch.frombuffer(bytearray(zlib.decompress(data[44:-4])), dtype=torch.uint8)
    labels, pixels = payload.split([n_train + n_test, len(payload) - n_train - n_test])
    pixels = pixels.reshape(-1, 1, height, width).long()
    if is_filtered:  # each row is stored as the difference from the row above, modulo 256
        pixels = pixels.cumsum(dim=2) % 256
    pixels = pixels * 255 // (255 >> shift)  # from 64 gray levels to 0 ... 255
    pixels, labels = F.pad(pixels, (2, 2, 2, 2)).byte(), labels.long()  # from 28 x 28 to 32 x 32
    test = slice(n_train, n_train + 500)
    return (pixels[:n_train], labels[:n_train]), (pixels[test], labels[test])
#}
#{ dataset=cifar10
def read_images(folder):
    """Return training and test images as pairs of pixels [n, 3, 32, 32] from 0 to 255 and labels [n]."""

    def read(pattern, n):
        # Records of one label byte and 3 x 32 x 32 color bytes.
        data = b"".join(path.read_bytes() for path in sorted(Path(folder).glob(pattern)))
        records = torch.frombuffer(bytearray(data), dtype=torch.uint8).reshape(-1, 1 + 3 * 32 * 32)[:n]
        return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].long()

    return read("data_batch*.bin", 10_000), read("test_batch.bin", 500)
#}


#{ dataset!=own
#{ augment
def crop_and_flip(pixels, generator):
    """Shift each image by up to 4 pixels in each direction, and mirror it with probability 1/2."""
    crops = []
    for image in F.pad(pixels, (4, 4, 4, 4)):
        top, left = torch.randint(0, 9, (2,), generator=generator).tolist()
        crop = image[:, top : top + 32, left : left + 32]
        is_mirrored = torch.rand(1, generator=generator) < 0.5
        crops.append(crop.flip(-1) if is_mirrored else crop)
    return torch.stack(crops)


#}
def network_input(pixels):
    """Normalize each channel, and average 2 x 2 pixels: [n, C, 32, 32] -> [n, C, 16, 16]."""  #? side=16
    """Normalize each channel: [n, C, 32, 32] -> [n, C, 32, 32]."""  #? side=32
    x = (pixels / 255 - mean) / std
    return F.avg_pool2d(x, 2)  #? side=16
    return x  #? side=32


def drawn_batches():
    """Yield batches forever: x [B, C, side, side], and y [B, N_CLASSES] as one-hot rows.

    Every epoch is a new shuffle. The lab draws its own random numbers, so from here on losses differ in detail.
    """
    generator = torch.Generator().manual_seed(SEED)
    pixels, labels = train_images
    while True:
        order = torch.randperm(len(labels), generator=generator)
        for i in range(0, len(order) - BATCH_SIZE + 1, BATCH_SIZE):
            batch = order[i : i + BATCH_SIZE]
            images = pixels[batch]
            images = crop_and_flip(images, generator)  #? augment
            yield network_input(images), F.one_hot(labels[batch], N_CLASSES).float()


#}
# The lab's set-up: initial weights, and the first batches of the run.
setup, recorded = None, []
if Path(options.setup).exists():
    setup, metadata = read_safetensors(options.setup)
    if metadata.get("section") != "resnet":
        raise SystemExit(f"{options.setup} is not a set-up of this section: download it again from the lab's page.")
    while f"batch{len(recorded) + 1}.x" in setup:
        recorded.append((setup[f"batch{len(recorded) + 1}.x"], setup[f"batch{len(recorded) + 1}.y"]))
    print(f"Weights and the first {len(recorded)} batches are the lab's.")
else:
    print(f"There is no {options.setup}, so weights are drawn here and losses differ from the lab's in detail.")

train_images = test_images = None  # those of your own pictures are in the lab only  #? dataset=own
train_images = test_images = None  #? dataset!=own
#{ dataset!=own
if Path(options.data).exists():
    train_images, test_images = read_images(options.data)
    intensities = train_images[0].double() / 255
    mean = intensities.mean(dim=(0, 2, 3), keepdim=True).float()  # [1, C, 1, 1]
    std = intensities.std(dim=(0, 2, 3), correction=0, keepdim=True).float()
elif recorded:
    print(f"There is no {options.data}, so training ends after the lab's {len(recorded)} batches.")
else:
    raise SystemExit(f"Training needs {options.data} or {options.setup}. Both can be downloaded from the lab.")  #? dataset=fashion-mnist
    raise SystemExit(f"Training needs {options.setup} from the lab, or the folder {options.data}.")  #? dataset=cifar10
#}
#{ dataset=own
if not recorded:
    raise SystemExit(f"Training needs {options.setup}, which can be downloaded from the lab.")
print(f"Training ends after the {len(recorded)} batches of the lab.")
#}


# %% Training
#{ dataset!=own
@torch.no_grad()
def test_accuracy(net):
    """Return the fraction of test images that are classified correctly."""
#{ batch_norm
    # Batch norm uses its running statistics. PyTorch's running variance divides by n - 1, the lab's by n.
    net.eval()
#}
    pixels, labels = test_images
    predicted = net(network_input(pixels)).argmax(dim=1)
    return (predicted == labels).float().mean().item()


#}
def train(name, residual):
    """Train a network; return its losses, training errors and gradient norms of all steps, and its test accuracy."""
    net = ResNet(CHANNELS_IN, CHANNELS, BLOCKS_PER_STAGE, N_CLASSES, residual)
    if setup is not None:
        prefix = f"{name}.0."  # the weights before the first step
        weights = {key.removeprefix(prefix): value for key, value in setup.items() if key.startswith(prefix)}
        net.load_state_dict(net.state_dict() | weights)  # batch norm also counts batches, which the file does not  #? batch_norm
        net.load_state_dict(weights)  #? !batch_norm
    else:
        initialize(net, torch.Generator().manual_seed(SEED))
    # Kingma and Ba 2015: each weight has a step size of its own.  #? optimizer=adam
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8)  #? optimizer=adam  #@ update
    # v <- 0.9 v + gradient, w <- w - lr v  #? optimizer=momentum
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE, momentum=0.9)  #? optimizer=momentum  #@ update
    # w <- w - lr gradient  #? optimizer=sgd
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)  #? optimizer=sgd  #@ update

    losses, errors, norms, accuracy = [], [], [], math.nan
    batches = itertools.chain(recorded, drawn_batches() if train_images else [])  #? dataset!=own
    batches = recorded  #? dataset=own
    print(f"\n{name.capitalize()} network, {sum(weight.numel() for weight in net.parameters()):,} parameters")
    for step, (x, y) in enumerate(itertools.islice(batches, options.steps), start=1):
        net.train()  # batch norm uses the statistics of the batch  #? batch_norm
        logits = net(x)
        loss = F.cross_entropy(logits, y)  #@ loss
        optimizer.zero_grad()
        loss.backward()  #@ gradient
        # The norm of the gradient of each block's first convolution.
        norms.append([block.conv1.weight.grad.norm().item() for block in net.blocks])  #@ gradient
        optimizer.step()  #@ update

        losses.append(loss.item())
        errors.append((logits.argmax(dim=1) != y.argmax(dim=1)).float().mean().item())
        if step == 3 and setup is not None:
            compare(losses, setup[f"{name}.loss"].tolist())
        is_scored = step in (5, options.steps) or step % SCORE_INTERVAL == 0
#{ dataset!=own
        if is_scored and test_images:
            accuracy = test_accuracy(net)
            print(f"  step {step:5}: loss {losses[-1]:.4f}, test accuracy {accuracy:.3f}")
        elif is_scored or step <= 3:
            print(f"  step {step:5}: loss {losses[-1]:.6f}")
#}
        if is_scored or step <= 3:  #? dataset=own
            print(f"  step {step:5}: loss {losses[-1]:.6f}")  #? dataset=own
    return losses, errors, norms, accuracy


def compare(losses, expected):
    """Say whether the first three losses agree with the lab's."""
    difference = max(abs(ours - labs) / abs(labs) for ours, labs in zip(losses[:3], expected))
    if difference <= 1e-4:
        print(f"The first three losses agree with the lab's: largest relative error {difference:.0e}.")
    else:
        print(f"The first three losses differ from the lab's: {losses[:3]} here, {expected[:3]} there.")


runs = {"plain": train("plain", residual=False), "residual": train("residual", residual=True)}

# %% Results
print("\n                  loss   training error   test accuracy")
print("          (10 batches)     (20 batches)    (500 images)")  #? dataset!=own
print("          (10 batches)     (20 batches)    (in the lab)")  #? dataset=own
for name, (losses, errors, _, accuracy) in runs.items():
    loss, error = torch.tensor(losses[-10:]).mean(), torch.tensor(errors[-20:]).mean()
    print(f"{name:9} {loss:12.4f} {error:16.3f} {accuracy:15.3f}")

steps = len(runs["plain"][0])
print("\nNorm of the gradient of the first convolution in each block")
print("          plain                    residual")
print(f"block {'step 1':>10} {f'step {steps}':>13} {'step 1':>10} {f'step {steps}':>13}")
for block in range(3 * BLOCKS_PER_STAGE):
    row = [norms[step][block] for _, _, norms, _ in runs.values() for step in (0, -1)]
    print("{:5} {:10.2e} {:13.2e} {:10.2e} {:13.2e}".format(block + 1, *row))
