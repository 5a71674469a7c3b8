# %% [markdown]
# # What does a recurrent network remember?
#
#{ task=recall
# Two networks read a sequence of tokens and are asked at its end for the first one. All tokens after it are noise.
#}
#{ task=lines
# Two networks read a line of text, one character at a time, and name its label at the end.
#}
# This file builds a vanilla RNN and an LSTM from `nn.Linear`, trains both on the same sequences, and measures how
# much of the gradient reaches each position of a sequence.
#
#{ task=recall
# Run it with `python nn_lab_rnn.py`, or cell by cell in a notebook. If the lab's set-up file is in the same folder,
# training starts from the lab's weights and batches, and the first three losses are compared.
#}
#{ task=lines
# Run it with `python nn_lab_rnn.py`, or cell by cell in a notebook. The lines are in the lab's set-up file, which must be
# in the same folder. Training starts from the lab's weights and batches, and the first three losses are compared.
#}

# %% Imports and settings
import argparse
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

SEQ_LEN = 200  #= length
N_CLASSES = 2  #= classes
N_NOISE_TOKENS = 8  #= n_distractors  #? task=recall alphabet=separate
D_HIDDEN = 32  #= d_hidden
SPECTRAL_RADIUS = 0.58  #= spectral_radius
LEARNING_RATE = 0.003  #= learning_rate
MAX_NORM = 1.0  #= clip
BATCH_SIZE = 32  #= batch_size  #? task=recall
STEPS = 400  #= steps
SEED = 1  #= seed

D_IN = N_CLASSES + N_NOISE_TOKENS  # tokens are one-hot vectors  #? task=recall alphabet=separate
D_IN = N_CLASSES  # tokens are one-hot vectors  #? task=recall alphabet=shared
D_IN = 10  #= d_in  #? task=lines
N_HELD_OUT = 256  # sequences on which the accuracy is measured  #? task=recall

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=STEPS, help="training steps")
parser.add_argument("--setup", default="nn-lab-rnn-setup.safetensors", help="the lab's weights and first batches")
args, _ = parser.parse_known_args()  # a notebook has arguments of its own


# %% Helpers
def read_safetensors(path):
    """Return the tensors of a .safetensors file by name, and its metadata."""
    data = Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})

    def tensor(entry):
        first, last = (8 + length + offset for offset in entry["data_offsets"])
        if first == last:
            return torch.zeros(entry["shape"])
        return torch.frombuffer(bytearray(data[first:last]), dtype=torch.float32).reshape(entry["shape"])

    return {name: tensor(entry) for name, entry in header.items()}, metadata


# %% [markdown]
# ## The task
#{ task=recall
# The label of a sequence is its first token, one of the classes.
#}
#{ task=lines
# Every character is a one-hot vector of length D_IN. Short lines are padded at the start with the character 0, so the last
# position is the end of the line. The recorded batches are the data: training goes through them again and again.
#}
#{ task=recall alphabet=separate
# The noise that follows has tokens of its own, which say nothing about the label.
#}
#{ task=recall alphabet=shared
# The noise that follows uses the same tokens, so a network must also learn that only the first one counts.
#}

# %% Data
#{ task=recall
def draw(n, generator):
    """Draw n sequences: x [SEQ_LEN, n, D_IN], one-hot, and labels [n]."""
    labels = torch.randint(N_CLASSES, (n,), generator=generator)  #@ label
    noise = torch.randint(N_CLASSES, D_IN, (SEQ_LEN - 1, n), generator=generator)  #? alphabet=separate  #@ noise
    noise = torch.randint(N_CLASSES, (SEQ_LEN - 1, n), generator=generator)  #? alphabet=shared  #@ noise
    tokens = torch.cat([labels[None], noise])  #@ label noise
    return F.one_hot(tokens, D_IN).float(), labels


#}
#{ task=lines
def lines_of(batches):
    """Return all lines of the batches at once: x [SEQ_LEN, n, D_IN], one-hot, and labels [n]."""
    x = torch.cat([x for x, _ in batches], dim=1)  #@ noise
    return x, torch.cat([labels for _, labels in batches])  #@ label


#}
# %% The two networks
class VanillaRNN(nn.Module):
    """Recurrent network of Elman (1990).

    Shapes: x [seq_len, batch, d_in] -> logits [batch, d_out]
    """

    def __init__(self, d_in, d_hidden, d_out):
        super().__init__()
        self.input = nn.Linear(d_in, d_hidden)  # W_x and b
        self.recurrent = nn.Linear(d_hidden, d_hidden, bias=False)  # W_h
        self.output = nn.Linear(d_hidden, d_out)  # W_y and b_y
        # All weights and biases from U(-k, k) with k = 1 / sqrt(d_h)
        k = 1 / math.sqrt(d_hidden)  #@ rnn-init
        for parameter in self.parameters():  #@ rnn-init
            nn.init.uniform_(parameter, -k, k)  #@ rnn-init
        # W_h is scaled to its spectral radius: the largest absolute value of an eigenvalue.
        with torch.no_grad():
            radius = torch.linalg.eigvals(self.recurrent.weight).abs().max()  #@ spectral-radius
            self.recurrent.weight.mul_(SPECTRAL_RADIUS / radius)  #@ spectral-radius

    def unroll(self, x):
        """Return the hidden states h_0, ..., h_{T-1}, [batch, d_h] each."""
        h = x.new_zeros(x.shape[1], self.recurrent.in_features)  # h_{-1} = 0
        hidden = []
        for projected in self.input(x):  # x_t W_x + b of all positions in one product
            h = torch.tanh(projected + self.recurrent(h))  # h_t = tanh(x_t W_x + b + h_{t-1} W_h)  #@ rnn-state
            hidden.append(h)
        return {"h": hidden}

    def forward(self, x):
        return self.output(self.unroll(x)["h"][-1])  # logits = h_{T-1} W_y + b_y  #@ logits


class LSTM(nn.Module):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000).

    The outputs of both layers are four blocks of d_h: input gate, forget gate, candidate, output gate.
    Shapes: x [seq_len, batch, d_in] -> logits [batch, d_out]
    """

    def __init__(self, d_in, d_hidden, d_out):
        super().__init__()
        self.input = nn.Linear(d_in, 4 * d_hidden)  # W_x and b
        self.recurrent = nn.Linear(d_hidden, 4 * d_hidden, bias=False)  # W_h
        self.output = nn.Linear(d_hidden, d_out)  # W_y and b_y
        # All weights and b_y from U(-k, k) with k = 1 / sqrt(d_h)
        k = 1 / math.sqrt(d_hidden)  #@ lstm-init
        for parameter in self.parameters():  #@ lstm-init
            nn.init.uniform_(parameter, -k, k)  #@ lstm-init
        #{ forget_bias=chrono
        # Chrono initialization (Tallec and Ollivier 2018): a gate with bias ln u remembers for about u steps.
        #}
        with torch.no_grad():
            b_i, b_f, b_g, b_o = self.input.bias.chunk(4)
            b_f.uniform_(1, max(SEQ_LEN - 1, 1)).log_()  # b_f = ln U(1, T - 1)  #? forget_bias=chrono  #@ forget-bias
            b_i.copy_(-b_f)  #? forget_bias=chrono  #@ forget-bias
            b_f.fill_(1)  # the forget gate starts at sigmoid(1) = 0.73  #? forget_bias=one  #@ forget-bias
            b_f.zero_()  # the forget gate starts at sigmoid(0) = 0.5  #? forget_bias=zero  #@ forget-bias
            b_i.zero_()  #? forget_bias!=chrono  #@ forget-bias
            b_g.zero_()  #@ forget-bias
            b_o.zero_()  #@ forget-bias

    def unroll(self, x):
        """Return the hidden states h_t and the cell states c_t, [batch, d_h] each."""
        h = c = x.new_zeros(x.shape[1], self.recurrent.in_features)  # h_{-1} = c_{-1} = 0
        hidden, cells = [], []
        for projected in self.input(x):  # x_t W_x + b of all positions in one product
            a = projected + self.recurrent(h)  # [batch, 4 d_h]  #@ lstm-pre-activation
            a_i, a_f, a_g, a_o = a.chunk(4, dim=-1)  #@ lstm-pre-activation
            i = torch.sigmoid(a_i)  # input gate: what is written  #@ input-gate
            f = torch.sigmoid(a_f)  # forget gate: what is kept  #@ forget-gate
            g = torch.tanh(a_g)  # candidate: what could be written  #@ candidate
            o = torch.sigmoid(a_o)  # output gate: what is read  #@ output-gate
            c = f * c + i * g  # the cell changes only by a factor and a sum  #@ cell-state
            h = o * torch.tanh(c)  #@ lstm-state
            hidden.append(h)
            cells.append(c)
        return {"h": hidden, "c": cells}

    def forward(self, x):
        return self.output(self.unroll(x)["h"][-1])  # logits = h_{T-1} W_y + b_y  #@ logits


# %% Measurements
def accuracy(network, x, labels):
    """Return the fraction of sequences whose label has the largest logit."""
    with torch.no_grad():
        return (network(x).argmax(dim=1) == labels).float().mean().item()


def gradient_norms(network, x, labels):
    """Return ||dL/dh_t|| and, for an LSTM, ||dL/dc_t|| at every position, each over the whole batch."""
    states = network.unroll(x)
    loss = F.cross_entropy(network.output(states["h"][-1]), labels)

    def norms(sequence):
        gradients = torch.autograd.grad(loss, sequence, retain_graph=True)  #@ gradient
        return [gradient.double().norm().item() for gradient in gradients]  # 64 bits, because squares underflow

    return {symbol: norms(sequence) for symbol, sequence in states.items()}


# %% Networks, batches and optimizers
torch.manual_seed(SEED)
networks = {"rnn": VanillaRNN(D_IN, D_HIDDEN, N_CLASSES), "lstm": LSTM(D_IN, D_HIDDEN, N_CLASSES)}
batches, lab_losses = [], {}
if Path(args.setup).exists():
    setup, metadata = read_safetensors(args.setup)
    fits = setup["batch1.x"].shape == (SEQ_LEN, BATCH_SIZE, D_IN)  #? task=recall
    fits = setup["batch1.x"].shape[::2] == (SEQ_LEN, D_IN)  # a batch has at most all lines  #? task=lines
    if metadata.get("section") != "rnn" or not fits:
        raise SystemExit(f"{args.setup} was saved for other settings. Download script and set-up file together.")
    for arm, network in networks.items():
        before = f"{arm}.0."
        network.load_state_dict({name.removeprefix(before): t for name, t in setup.items() if name.startswith(before)})
        lab_losses[arm] = setup[f"{arm}.loss"].tolist()
    while f"batch{len(batches) + 1}.x" in setup:
        n = len(batches) + 1
        batches.append((setup[f"batch{n}.x"], setup[f"batch{n}.y"].argmax(dim=1)))
    print(f"Starts from the lab's weights, and trains on its first {len(batches)} batches.")
else:
    print(f"There is no {args.setup}: initial weights and all batches are drawn here, from the same distributions.")  #? task=recall
    raise SystemExit(f"There is no {args.setup}, which has the lines. Download it next to this script.")  #? task=lines

#{ task=recall
# The lab has another random number generator, so later batches, and with them the losses, differ in detail.
generator = torch.Generator().manual_seed(SEED)
if not batches:
    batches.append(draw(BATCH_SIZE, generator))
held_out = draw(N_HELD_OUT, torch.Generator().manual_seed(SEED + 1_000_000))
#}
measured = lines_of(batches)  # lines that are trained on; the lab also holds some out  #? task=lines
optimizers = {
    arm: torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8)  #@ adam
    for arm, network in networks.items()
}
before = {arm: gradient_norms(network, *batches[0]) for arm, network in networks.items()}


# %% Training
def train_step(network, optimizer, x, labels):
    """Do one step of gradient descent, and return the loss before it."""
    loss = F.cross_entropy(network(x), labels)  #@ loss
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), MAX_NORM)  #@ clipping
    optimizer.step()  #@ adam
    return loss.item()


def compare(losses, lab_losses):
    """Print whether the first three losses agree with the lab's."""
    pairs = [(ours, lab) for arm in losses for ours, lab in zip(losses[arm][:3], lab_losses[arm])]
    error = max(abs(ours - lab) / abs(lab) for ours, lab in pairs)
    verdict = "agree with" if error <= 1e-4 else "differ from"
    print(f"The first three losses {verdict} the lab's: largest relative error {error:.0e}.")


losses = {arm: [] for arm in networks}
for step in range(1, args.steps + 1):
    x, labels = batches[step - 1] if step <= len(batches) else draw(BATCH_SIZE, generator)  #? task=recall
    x, labels = batches[(step - 1) % len(batches)]  #? task=lines
    for arm, network in networks.items():
        losses[arm].append(train_step(network, optimizers[arm], x, labels))
    if step == 3 and lab_losses:
        compare(losses, lab_losses)
    if step <= 3 or step % max(args.steps // 10, 1) == 0:
        print(f"step {step:5}", end="")
        for arm, network in networks.items():
            print(f"   {arm}: loss {losses[arm][-1]:.4f}, accuracy {accuracy(network, *held_out):.3f}", end="")  #? task=recall
            print(f"   {arm}: loss {losses[arm][-1]:.4f}, accuracy {accuracy(network, *measured):.3f}", end="")  #? task=lines
        print()

# %% [markdown]
# ## The gradient at every position
# Where the gradient has vanished, the loss does not depend on the token, and nothing can be learned from it.

# %% Results
after = {arm: gradient_norms(network, *batches[0]) for arm, network in networks.items()}
columns = [("rnn", "h"), ("lstm", "h"), ("lstm", "c")]
print("\nGradient norms on the first batch, untrained -> trained")
print("position" + "".join(f"{f'{arm}, dL/d{symbol}':>24}" for arm, symbol in columns))
for t in sorted({0, 1, SEQ_LEN // 4, SEQ_LEN // 2, 3 * SEQ_LEN // 4, SEQ_LEN - 2, SEQ_LEN - 1}):
    cells = [f"{before[arm][symbol][t]:.1e} -> {after[arm][symbol][t]:.1e}" for arm, symbol in columns]
    print(f"{t:8}" + "".join(f"{cell:>24}" for cell in cells))

print(f"\n{'':8}{'loss':>10}{'accuracy':>10}{'parameters':>12}")
for arm, network in networks.items():
    last = sum(losses[arm][-20:]) / max(len(losses[arm][-20:]), 1)  # mean of the last 20 steps
    n = sum(parameter.numel() for parameter in network.parameters())
    print(f"{arm:8}{last:10.4f}{accuracy(network, *held_out):10.3f}{n:12}")  #? task=recall
    print(f"{arm:8}{last:10.4f}{accuracy(network, *measured):10.3f}{n:12}")  #? task=lines
print(f"{'chance':8}{math.log(N_CLASSES):10.4f}{1 / N_CLASSES:10.3f}")
