# %% [markdown]
# # How does a token find the one that it asks about?
#
#{ task=look-up
# Each token has a name and a value, and asks for the value of a token by its name. One layer of attention learns to look
# it up. Two networks start from the same weights and see the same batches: one divides its scores by √d_k, the other
# does not.
#}
#{ task=two-look-ups
# Each token has a name and a value, and asks for the values of two tokens by their names. One layer of attention learns
# to look them up. Two networks with the same number of parameters see the same batches: one has several heads, the other
# a single one.
#}
# This file builds attention from `nn.Linear` and matrix products, and measures where the heads of each network look.
#
# Run it with `python nn_lab_attention.py`, or cell by cell in a notebook. If the lab's set-up file is in the same folder,
# training starts from the lab's weights and batches, and the first three losses are compared.

# %% Imports and settings
import argparse
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

N_TOKENS = 8  #= n_tokens  #@ data
N_VALUES = 8  # different values that a token can have  #@ data
D_MODEL = 32  #= d_model  #@ embedding
N_HEADS = 2  #= n_heads  #@ split-heads
D_K = 64  #= d_k  #@ projections
LENGTH = 6  #= length  #? mask=padding  #@ mask
SIGMA = 1.0  #= sigma  #@ initialization
BATCH_SIZE = 32  #= batch_size
LEARNING_RATE = 0.003  #= learning_rate  #@ update
STEPS = 200  #= steps
SEED = 1  #= seed
#{ task=look-up
N_QUESTIONS = 1  # names that each token asks for  #@ data
SOLVED_BELOW = 0.5  # the loss in nats below which the task counts as solved; chance is ln 8 = 2.08
# Heads, dimension of a head, and factor of the scores.
ARMS = {
    "scaled": (N_HEADS, D_K, 1 / math.sqrt(D_K)),  #@ scale
    "unscaled": (N_HEADS, D_K, 1.0),  #@ scale
}
#}
#{ task=two-look-ups
N_QUESTIONS = 2  # names that each token asks for  #@ data
SOLVED_BELOW = 0.15  # the loss in nats below which the task counts as solved; chance is ln 8 = 2.08
D_HEAD = max(D_K // N_HEADS, 1)  # the heads share the key dimension  #@ split-heads
D_ONE = N_HEADS * D_HEAD  # a single head is as large as all of them together  #@ split-heads
# Heads, dimension of a head, and factor of the scores.
ARMS = {
    "heads": (N_HEADS, D_HEAD, 1 / math.sqrt(D_HEAD)),  #@ scale split-heads
    "one_head": (1, D_ONE, 1 / math.sqrt(D_ONE)),  #@ scale split-heads
}
#}
D_IN = N_TOKENS + N_QUESTIONS * N_TOKENS + N_VALUES  # name, names asked for, value: one-hot each  #@ data

N_HELD_OUT = 64  # sequences on which the networks are measured

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=STEPS, help="training steps")
parser.add_argument("--setup", default="nn-lab-attention-setup.safetensors", help="the lab's weights and first batches")
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
# ## Attention
# Attention(Q, K, V) = softmax(Q Kᵀ / √d_k) V (Vaswani et al. 2017, equation 1). Each query attends to all keys at once, and
# its output is an average of the values.

# %% Attention
def scaled_dot_product_attention(Q, K, V, mask=None, scale=1.0):
    """Average the values of all keys, weighted by how well each key fits the query.

    Q: [batch, heads, queries, d_k]
    K: [batch, heads, keys, d_k]
    V: [batch, heads, keys, d_v]
    mask: True where a query must not see a key, [queries, keys] or with leading axes for heads and batch
    scale: factor of the scores, 1 / √d_k in the paper
    Returns the averages, [batch, heads, queries, d_v], and the weights, [batch, heads, queries, keys].
    """
    scores = Q @ K.transpose(-2, -1)  # s_ij = q_i · k_j  #@ scores
    scores = scores * scale  # variance 1 if the entries of Q and K have variance 1  #@ scale
    if mask is not None:  #@ mask
        scores = scores.masked_fill(mask, -1e30)  # not -inf: the softmax of a row of -inf is NaN  #@ mask
    weights = scores.softmax(dim=-1)  # over the keys: each query's weights sum to 1  #@ softmax
    if mask is not None:  #@ mask
        weights = weights.masked_fill(mask, 0.0)  # for a query that may see no key at all  #@ mask
    return weights @ V, weights  # y_i = Σ_j a_ij v_j  #@ weighted-sum


def causal_mask(n):
    """Hide the keys after each query: True above the diagonal, [n, n]."""
    return torch.ones(n, n, dtype=torch.bool).triu(diagonal=1)  #@ mask


#{ mask=padding
def padding_mask(length, n):
    """Hide the keys from position `length` on, which are padding: [1, n]."""
    return (torch.arange(n) >= length)[None, :]  #@ mask


#}
class MultiHeadAttention(nn.Module):
    """MultiHead(X) = Concat(head_1, ..., head_h) W^O, where head_i = Attention(X W_i^Q, X W_i^K, X W_i^V).

    One linear layer holds the W_i of all heads next to each other, so a single product projects for all heads.
    """

    def __init__(self, d_model, n_heads, d_head, scale):
        super().__init__()
        self.n_heads, self.d_head, self.scale = n_heads, d_head, scale
        self.query = nn.Linear(d_model, n_heads * d_head, bias=False)  #@ projections
        self.key = nn.Linear(d_model, n_heads * d_head, bias=False)  #@ projections
        self.value = nn.Linear(d_model, n_heads * d_head, bias=False)  #@ projections
        self.output = nn.Linear(n_heads * d_head, d_model, bias=False)  #@ output-projection

    def split_heads(self, x):
        """[batch, n, heads d_head] -> [batch, heads, n, d_head]"""
        batch, n, _ = x.shape  #@ split-heads
        # A view first, because the numbers of a head are adjacent; then heads and positions change places.
        return x.view(batch, n, self.n_heads, self.d_head).transpose(1, 2)  #@ split-heads

    def forward(self, x, mask=None):
        """x: [batch, n, d_model]. Returns the output, of the same shape, and the weights, [batch, heads, n, n]."""
        Q = self.split_heads(self.query(x))  #@ projections split-heads
        K = self.split_heads(self.key(x))  #@ projections split-heads
        V = self.split_heads(self.value(x))  #@ projections split-heads
        heads, weights = scaled_dot_product_attention(Q, K, V, mask, self.scale)
        concatenated = heads.transpose(1, 2).flatten(2)  # [batch, n, heads d_head]  #@ merge-heads
        return self.output(concatenated), weights  #@ output-projection


# %% [markdown]
# ## The network
# logits = MultiHead(X E) U. There is no residual connection, so whatever a token knows about the others went through the
# attention weights.

# %% The network
def uniform_(layer, bound, factor=1.0):
    """Draw a layer's weights from U(-bound, bound), times a factor."""
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound).mul_(factor)


class LookupNet(nn.Module):
    """Embedding, one layer of attention, and a readout."""

    def __init__(self, n_heads, d_head, scale):
        super().__init__()
        self.embed = nn.Linear(D_IN, D_MODEL, bias=False)  #@ embedding
        self.attention = MultiHeadAttention(D_MODEL, n_heads, d_head, scale)
        self.readout = nn.Linear(D_MODEL, N_QUESTIONS * N_VALUES, bias=False)  #@ readout
        # U(-√(3/d), √(3/d)) has variance 1/d, so a sum of d terms keeps the variance. A token has 2 + N_QUESTIONS ones.
        uniform_(self.embed, math.sqrt(3 / (2 + N_QUESTIONS)))  #@ initialization
        uniform_(self.attention.query, math.sqrt(3 / D_MODEL), SIGMA)  #@ initialization
        uniform_(self.attention.key, math.sqrt(3 / D_MODEL), SIGMA)  #@ initialization
        uniform_(self.attention.value, math.sqrt(3 / D_MODEL))  #@ initialization
        uniform_(self.attention.output, math.sqrt(3 / (n_heads * d_head)))  #@ initialization
        uniform_(self.readout, math.sqrt(3 / D_MODEL))  #@ initialization

    def forward(self, x):
        """x: [batch, n, D_IN]. Returns logits, [batch n N_QUESTIONS, N_VALUES], and weights, [batch, heads, n, n]."""
        output, weights = self.attention(self.embed(x))  #@ embedding
        return self.readout(output).reshape(-1, N_VALUES), weights  #@ readout


# %% [markdown]
# ## The task
# The names in a sequence are a permutation, so exactly one token has the answer to a question. A token may ask about itself.

# %% Data
def draw(batch_size, generator):
    """Draw sequences of tokens.

    Returns the tokens, [batch, n, D_IN], the values that they ask for, [batch n N_QUESTIONS], and the positions of these
    values, [batch, n, N_QUESTIONS]. A token is a concatenation of one-hot vectors: its name, the names asked for, its value.
    """
    names = torch.rand(batch_size, N_TOKENS, generator=generator).argsort(dim=1)  # a permutation  #@ data
    values = torch.randint(N_VALUES, (batch_size, N_TOKENS), generator=generator)  #@ data
    asks = torch.randint(N_TOKENS, (batch_size, N_TOKENS, 1), generator=generator)  #@ data
    #{ task=two-look-ups
    distance = torch.randint(1, N_TOKENS, (batch_size, N_TOKENS, 1), generator=generator)  #@ data
    asks = torch.cat([asks, (asks + distance) % N_TOKENS], dim=2)  # two different names  #@ data
    #}
    parts = [F.one_hot(names, N_TOKENS), F.one_hot(asks, N_TOKENS).flatten(2), F.one_hot(values, N_VALUES)]  #@ data
    position_of = names.argsort(dim=1)  # the inverse permutation: the position of each name  #@ data
    positions = position_of.gather(1, asks.flatten(1))  #@ data
    answers = values.gather(1, positions)  #@ data
    return torch.cat(parts, dim=2).float(), answers.flatten(), positions.view_as(asks)


# %% [markdown]
# ## What the scale does
# A product of random queries and keys has a standard deviation that grows with √d_k, and a softmax of large scores puts
# almost all weight on one key. The entropy says how widely a query spreads its weights: 0 nats for one key, ln n for equal
# weights on n keys.

# %% Random queries and keys
def entropy(weights):
    """Return the mean entropy of the weights in nats: -Σ_j a_ij ln a_ij, averaged over the queries."""
    return (weights * -weights.clamp(min=1e-30).log()).sum(dim=-1).mean().item()  #@ entropy


Q, K, V = SIGMA * torch.randn(3, 64, 1, N_TOKENS, D_K, generator=torch.Generator().manual_seed(SEED))  # 64 samples
mask = None  #? mask=none  #@ mask
mask = causal_mask(N_TOKENS)  #? mask=causal  #@ mask
mask = padding_mask(LENGTH, N_TOKENS)  #? mask=padding  #@ mask
print("random queries and keys   entropy   largest weight")
for title, scale in [("scaled", 1 / math.sqrt(D_K)), ("unscaled", 1.0)]:
    _, weights = scaled_dot_product_attention(Q, K, V, mask, scale)
    print(f"{title:23}{entropy(weights):10.3f}{weights.amax(dim=-1).mean().item():17.3f}")

# PyTorch's own function has the mask the other way around: True where a query may see a key.
hidden = causal_mask(N_TOKENS)
ours, _ = scaled_dot_product_attention(Q, K, V, hidden, 1 / math.sqrt(D_K))
theirs = F.scaled_dot_product_attention(Q, K, V, attn_mask=~hidden)
print(f"Largest difference from PyTorch's own attention, with a causal mask: {(ours - theirs).abs().max().item():.0e}\n")


# %% Networks, batches and optimizers
def optimizer_of(parameters):
    # m <- β₁ m + (1 - β₁) g, v <- β₂ v + (1 - β₂) g², w <- w - η m̂ / (√v̂ + ε)  #? optimizer=adam
    return torch.optim.Adam(parameters, lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8)  #? optimizer=adam  #@ update
    # v <- 0.9 v + g, w <- w - η v  #? optimizer=momentum
    return torch.optim.SGD(parameters, lr=LEARNING_RATE, momentum=0.9)  #? optimizer=momentum  #@ update
    # w <- w - η g  #? optimizer=sgd
    return torch.optim.SGD(parameters, lr=LEARNING_RATE)  #? optimizer=sgd  #@ update


networks = {}
for arm, (n_heads, d_head, scale) in ARMS.items():
    torch.manual_seed(SEED)  # both networks start from the same weights
    networks[arm] = LookupNet(n_heads, d_head, scale)
batches, lab_losses = [], {}
if Path(args.setup).exists():
    setup, metadata = read_safetensors(args.setup)
    shapes = {f"{arm}.0.{name}": t.shape for arm, net in networks.items() for name, t in net.state_dict().items()}
    if metadata.get("section") != "attention" or any(name not in setup or setup[name].shape != shapes[name] for name in shapes):
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
    print(f"There is no {args.setup}: initial weights and all batches are drawn here, from the same distributions.")

# The lab has another random number generator, so later batches, and with them the losses, differ in detail.
generator = torch.Generator().manual_seed(SEED)
x_test, answers_test, positions = draw(N_HELD_OUT, torch.Generator().manual_seed(SEED + 1_000_000))
asked_about = F.one_hot(positions, N_TOKENS).sum(dim=2)[:, None]  # 1 where a token asks about another, [64, 1, n, n]
optimizers = {arm: optimizer_of(network.parameters()) for arm, network in networks.items()}


# %% Training
def train_step(network, optimizer, x, answers):
    """Do one step of gradient descent, and return the loss before it."""
    logits, _ = network(x)
    loss = F.cross_entropy(logits, answers)  # mean of -ln softmax(logits)[answer]  #@ loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()  #@ update
    return loss.item()


def compare(losses, lab_losses):
    """Print whether the first three losses agree with the lab's."""
    pairs = [(ours, lab) for arm in losses for ours, lab in zip(losses[arm][:3], lab_losses[arm])]
    error = max(abs(ours - lab) / abs(lab) for ours, lab in pairs)
    verdict = "agree with" if error <= 1e-4 else "differ from"
    print(f"The first three losses {verdict} the lab's: largest relative error {error:.0e}.")


losses = {arm: [] for arm in networks}
for step in range(1, args.steps + 1):
    x, answers = batches[step - 1] if step <= len(batches) else draw(BATCH_SIZE, generator)[:2]
    for arm, network in networks.items():
        losses[arm].append(train_step(network, optimizers[arm], x, answers))
    if step == 3 and lab_losses:
        compare(losses, lab_losses)
    if step <= 3 or step % max(args.steps // 10, 1) == 0:
        print(f"step {step:5}   " + "   ".join(f"{arm}: loss {losses[arm][-1]:.4f}" for arm in networks))

# %% [markdown]
# ## Where each network looks
# For new sequences: the accuracy, the entropy of the weights, and the mean weight of each head on the tokens asked about.
# A network has solved the task once the mean loss of ten steps is below a threshold.

# %% Results
def steps_to_solve(losses):
    """Return the first step at which the mean loss of the last ten steps is below the threshold, or "-"."""
    means = (sum(losses[end - 10 : end]) / 10 for end in range(10, len(losses) + 1))
    return next((step for step, mean in enumerate(means, 10) if mean < SOLVED_BELOW), "-")


print(f"\n{'':10}{'loss':>8}{'solved at step':>16}{'accuracy':>10}{'entropy':>9}   weight on the tokens asked about, per head")
for arm, network in networks.items():
    last = sum(losses[arm][-10:]) / max(len(losses[arm][-10:]), 1)  # mean of the last 10 steps
    with torch.no_grad():
        logits, weights = network(x_test)
    accuracy = (logits.argmax(dim=1) == answers_test).float().mean().item()
    on_asked = (weights * asked_about).sum(dim=-1).mean(dim=(0, 2))  # [heads]  #@ right-weight
    columns = f"{arm:10}{last:8.4f}{steps_to_solve(losses[arm]):>16}{accuracy:10.3f}{entropy(weights):9.3f}   "
    print(columns + "  ".join(f"{weight:.3f}" for weight in on_asked.tolist()))
print(f"{'chance':10}{math.log(N_VALUES):8.4f}{'':16}{1 / N_VALUES:10.3f}{math.log(N_TOKENS):9.3f}   {N_QUESTIONS / N_TOKENS:.3f}")
