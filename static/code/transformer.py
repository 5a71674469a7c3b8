# %% [markdown]
# # A transformer that writes, one character at a time
#{ task=text
# A decoder-only transformer reads a text and predicts the next character at every position. This file has the model
# from scratch, the data, the training loop, and the validation loss next to those of simple baselines.
#}
#{ task=repeat
# A decoder-only transformer reads random sequences that repeat and predicts the next token at every position. This
# file has the model from scratch, the data, the training loop, and the scores that tell which head copies.
#}
#
#     python nn_lab_transformer.py [--steps N] [--setup FILE] [--text FILE]  #? task=text
#     python nn_lab_transformer.py [--steps N] [--setup FILE]  #? task=repeat
#
# With `nn-lab-transformer-setup.safetensors` next to it, training starts from the lab's weights and batches.

# %% Imports and settings
import argparse
import json
import math
import zlib  #? task=text
from collections import Counter  #? task=text text=own
from pathlib import Path
from pydoc_data import topics  #? task=text

import torch
import torch.nn as nn
import torch.nn.functional as F

LAYERS = 3  #= layers
HEADS = 4  #= heads
D_MODEL = 64  #= d_model
CONTEXT = 256  #= context
BATCH_SIZE = 8  #= batch_size
STEPS = 2420  #= steps
LEARNING_RATE = 0.003  #= learning_rate
WARMUP = 100  #= warmup
BETA1 = 0.9  #= beta1
BETA2 = 0.99  #= beta2
WEIGHT_DECAY = 0.1  #= weight_decay  #? weight_decay
CLIP = 1.0  #= clip  #? clip
DROPOUT = 0.2  #= dropout  #? dropout
SAMPLE_LENGTH = 160  #= sample_length  #? sample_length
SEED = 1  #= seed

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=STEPS)
parser.add_argument("--setup", type=Path, default=Path("nn-lab-transformer-setup.safetensors"))
parser.add_argument("--text", type=Path, default=Path("shakespeare.bin"))  #? task=text text=shakespeare
parser.add_argument("--text", type=Path, default=Path("text.txt"))  #? task=text text=own
options, _ = parser.parse_known_args()

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
# The lab's random numbers are others, so weights and batches that are drawn here differ from the lab's.
generator = torch.Generator().manual_seed(SEED)
torch.manual_seed(SEED)  # for dropout  #? dropout


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


# %% Attention
def scaled_dot_product_attention(Q, K, V, mask=None, scale=None):
    """Attention(Q, K, V) = softmax(Q K^T / sqrt(d_k)) V    (Vaswani et al. 2017, equation 1)

    Q: [batch, heads, queries, d_k], K: [batch, heads, keys, d_k], V: [batch, heads, keys, d_v]
    mask: True where a query must not see a key, [queries, keys]
    Returns the output [batch, heads, queries, d_v] and the weights [batch, heads, queries, keys].
    """
    if scale is None:
        scale = 1 / math.sqrt(Q.shape[-1])  #@ self-attention scale
    scores = Q @ K.transpose(-2, -1) * scale  # [batch, heads, queries, keys]  #@ self-attention scores
    if mask is not None:
        scores = scores.masked_fill(mask, -math.inf)  # exp(-inf) = 0  #@ self-attention mask
    weights = scores.softmax(dim=-1)  # over the keys: each query's weights sum to 1  #@ self-attention softmax
    return weights @ V, weights  #@ self-attention average


class MultiHeadAttention(nn.Module):
    """MultiHead(X) = Concat(head_1, ..., head_h) W^O,  head_i = Attention(X W_i^Q, X W_i^K, X W_i^V)

    The matrices W_i of all heads are the columns of one linear layer each for queries, keys and values.
    """

    def __init__(self, d_model, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.query = nn.Linear(d_model, d_model)  #@ self-attention
        self.key = nn.Linear(d_model, d_model)  #@ self-attention
        self.value = nn.Linear(d_model, d_model)  #@ self-attention
        self.output = nn.Linear(d_model, d_model)  #@ self-attention

    def split(self, x):
        """[batch, n, heads d_k] -> [batch, n, heads, d_k] -> [batch, heads, n, d_k]"""
        return x.unflatten(2, (self.n_heads, -1)).transpose(1, 2)  #@ self-attention heads

    def forward(self, x, mask=None):
        """x and output: [batch, n, d_model]; mask: [n, n]"""
        Q, K, V = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))  #@ self-attention
        attended, weights = scaled_dot_product_attention(Q, K, V, mask)  #@ self-attention
        self.attended, self.weights = attended.detach(), weights.detach()  # for the scores below  #? task=repeat
        return self.output(attended.transpose(1, 2).flatten(2))  # [batch, n, heads d_k]  #@ self-attention heads


# %% The model
class TransformerBlock(nn.Module):
    #{ mlp
    """A pre-norm block: two branches, each added to the residual stream x.

    a = x + MultiHead(LayerNorm(x))
    y = a + W_2 gelu(W_1 LayerNorm(a) + b_1) + b_2
    """
    #}
    """A pre-norm block of attention only, added to the residual stream: y = x + MultiHead(LayerNorm(x))"""  #? !mlp

    def __init__(self, d_model, n_heads):
        super().__init__()
        self.norm_attention = nn.LayerNorm(d_model)  #@ norm-1
        self.attention = MultiHeadAttention(d_model, n_heads)  #@ self-attention
        self.norm_mlp = nn.LayerNorm(d_model)  #? mlp  #@ norm-2
        self.up = nn.Linear(d_model, 4 * d_model)  #? mlp  #@ feed-forward
        self.down = nn.Linear(4 * d_model, d_model)  #? mlp  #@ feed-forward
        self.dropout = nn.Dropout(DROPOUT)  #? dropout

    def forward(self, x, mask=None):
        """x and output: [batch, n, d_model]"""
        attended = self.attention(self.norm_attention(x), mask)  #@ norm-1 self-attention
        x = x + attended  #? !dropout  #@ residual
        x = x + self.dropout(attended)  #? dropout  #@ residual
        #{ mlp
        transformed = self.down(F.gelu(self.up(self.norm_mlp(x))))  # gelu(x) = x Phi(x)  #@ norm-2 feed-forward
        x = x + transformed  #? !dropout  #@ residual
        x = x + self.dropout(transformed)  #? dropout  #@ residual
        #}
        return x


#{ positions=sinusoidal
def positional_encoding(context, d_model):
    """PE(p, 2i) = sin(p / 10000^(2i/d)),  PE(p, 2i+1) = cos(p / 10000^(2i/d)): [context, d_model]"""
    position = torch.arange(context, dtype=torch.float64)[:, None]
    divisor = 10_000 ** (torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    angle = position / divisor  # [context, d_model / 2]  #@ positions
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1).float()  # alternating  #@ positions


#}
class Transformer(nn.Module):
    """logits = LayerNorm(blocks(E[c] + P)) U, one row of logits for the token after each position"""  #? positions!=none
    """logits = LayerNorm(blocks(E[c])) U, one row of logits for the token after each position"""  #? positions=none

    def __init__(self, vocabulary, d_model, n_heads, n_layers, context):
        super().__init__()
        self.context = context  # the largest number of positions
        self.embedding = nn.Embedding(vocabulary, d_model)  #@ embedding
        self.positions = nn.Embedding(context, d_model)  #? positions=learned  #@ positions
        #{ positions=sinusoidal
        # Embeddings start with a length of 1. This factor gives the positions the same length, and they do not train.
        table = math.sqrt(2 / d_model) * positional_encoding(context, d_model)  #@ positions
        self.register_buffer("table", table, persistent=False)  #@ positions
        #}
        self.dropout = nn.Dropout(DROPOUT)  #? dropout
        self.blocks = nn.ModuleList(TransformerBlock(d_model, n_heads) for _ in range(n_layers))
        self.norm = nn.LayerNorm(d_model)  #@ norm-last
        self.head = nn.Linear(d_model, vocabulary, bias=False)  #? !tied  #@ head

    @torch.no_grad()
    def initialize(self, generator):
        """Draw weights as in GPT-2, which has std = 0.02 at a width of 768; layer norms start as 1 and 0."""
        d_model, n_layers = self.embedding.embedding_dim, len(self.blocks)
        std = 0.02 * math.sqrt(768 / d_model)
        tables = ("embedding.weight", "positions.weight")  #? positions=learned
        tables = ("embedding.weight",)  #? positions!=learned
        last = ("output.weight", "down.weight")  # of each branch  #? mlp
        last = ("output.weight",)  # of each branch  #? !mlp
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
            elif name in tables:
                parameter.normal_(0, 1 / math.sqrt(d_model), generator=generator)
            elif name.endswith(last):  # the sum of the 2 L branches then has the variance of one
                parameter.normal_(0, std / math.sqrt(2 * n_layers), generator=generator)
            elif parameter.ndim == 2:
                parameter.normal_(0, std, generator=generator)

    def forward(self, ids):
        """ids: [batch, n] with n <= context; output: [batch, n, vocabulary]"""
        n = ids.shape[1]  #? mask=causal
        n = ids.shape[1]  #? mask=none positions!=none
        x = self.embedding(ids)  #@ embedding
        x = x + self.positions.weight[:n]  #? positions=learned  #@ positions
        x = x + self.table[:n]  #? positions=sinusoidal  #@ positions
        x = self.dropout(x)  #? dropout
        # Each position sees itself and those before it: True above the diagonal.  #? mask=causal
        mask = torch.ones(n, n, dtype=torch.bool, device=ids.device).triu(1)  #? mask=causal  #@ mask
        for block in self.blocks:
            x = block(x, mask)  #? mask=causal
            x = block(x)  # each position sees all, also the one that it is to predict  #? mask=none
        x = self.norm(x)  #@ norm-last
        return F.linear(x, self.embedding.weight)  # U = E^T  #? tied  #@ head
        return self.head(x)  #? !tied  #@ head


# %% The data
#{ task=text
def read_text(path):
    """Return a text from a file in UTF-8 or from the lab's own `shakespeare.bin`."""
    data = path.read_bytes()
    if data.startswith(b"NNLABTXT"):  # then version and length, 4 bytes each, a zlib stream, and a checksum
        data = zlib.decompress(data[16:-4])
    return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def fixed_windows(ids, n):
    """Return at most n windows of CONTEXT + 1 characters, spread evenly over the ids: [n, CONTEXT + 1]"""
    length = min(CONTEXT + 1, len(ids))
    n = max(min(n, len(ids) // length), 1)
    return torch.stack([ids[(len(ids) - length) * i // n :][:length] for i in range(n)])


def draw_windows():
    """Return windows of the training text at random places: [BATCH_SIZE, CONTEXT + 1]"""
    length = min(CONTEXT + 1, len(train_ids))
    starts = torch.randint(len(train_ids) - length + 1, (BATCH_SIZE,), generator=generator)
    return torch.stack([train_ids[start : start + length] for start in starts])


# Without a text, the model trains on the batches of the set-up file; without both, on Python's own documentation.
has_text = options.text.exists() or not options.setup.exists()
if has_text:
    if options.text.exists():
        text = read_text(options.text)
    else:
        print(f"There is no text {options.text}, so Python's documentation is the text.")
        text = "\n".join(topics.topics.values()).encode("ascii", "ignore").decode()
    vocabulary = sorted(set(text))
    #{ text=own
    if len(vocabulary) > 160:  # the rarest characters become one
        common = Counter(c for c in sorted(text) if c != "\ufffd").most_common(159)
        vocabulary = sorted([c for c, _ in common] + ["\ufffd"])
        text = "".join(c if c in vocabulary else "\ufffd" for c in text)
    #}
    id_of = {c: i for i, c in enumerate(vocabulary)}
    ids = torch.tensor([id_of[c] for c in text])
    # The last tenth is held out. Model and baselines are compared on windows of it with 8192 characters together.
    train_ids, held_out = ids[: int(0.9 * len(ids))], ids[int(0.9 * len(ids)) :]
    validation = fixed_windows(held_out, max(8192 // min(CONTEXT + 1, len(held_out)), 1))
#}
#{ task=repeat
def draw_sequences(n, generator):
    """Return sequences that repeat a block of different random tokens, [n, CONTEXT + 1], and their periods, [n]."""
    longest = max(1, min(7 * CONTEXT // 8, len(vocabulary)))
    shortest = min(max(1, min(CONTEXT // 4, len(vocabulary) // 2)), longest)
    periods = torch.randint(shortest, longest + 1, (n,), generator=generator)
    blocks = [torch.randperm(len(vocabulary), generator=generator)[:period] for period in periods]
    place = torch.arange(CONTEXT + 1)
    return torch.stack([block[place % len(block)] for block in blocks]), periods


def draw_windows():
    return draw_sequences(BATCH_SIZE, generator)[0]


vocabulary = "ABCDEFGHIJKLMNOPQRSTUVWX"
validation, periods = draw_sequences(max(2048 // CONTEXT, 4), torch.Generator().manual_seed(1_000_000))
#}


# %% Training
def learning_rate_at(step):
    """Rise linearly during the warm-up, then fall to a tenth along half a cosine; the first step is 1."""
    warmup = min(WARMUP, STEPS - 1)
    if step <= warmup:
        return LEARNING_RATE * step / (warmup + 1)  #@ schedule
    progress = min((step - warmup) / (STEPS - warmup), 1)
    return LEARNING_RATE * (0.1 + 0.9 * (1 + math.cos(math.pi * progress)) / 2)  #@ schedule


def mean_loss(windows):
    """Return the mean cross-entropy of the predictions at all positions; windows: [batch, n + 1]"""
    inputs, targets = windows[:, :-1].to(DEVICE), windows[:, 1:].to(DEVICE)  # [batch, n]
    logits = model(inputs)  # [batch, n, vocabulary]
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())  #@ loss


def train_step(step, windows):
    """Do one step of AdamW and return the loss before it."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate_at(step)  #@ schedule
    optimizer.zero_grad()
    loss = mean_loss(windows)  #@ loss
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), CLIP)  #? clip  #@ clipping
    optimizer.step()  #@ optimizer
    return loss.item()


@torch.no_grad()
def validation_loss():
    model.eval()  #? dropout
    parts = validation.split(16)
    loss = sum(mean_loss(part).item() * len(part) for part in parts) / len(validation)
    model.train()  #? dropout
    return loss


setup = read_safetensors(options.setup)[0] if options.setup.exists() else None
if setup:
    network = next((name.removesuffix(".loss") for name in setup if name.endswith(".loss")), "")  # its name in the file
#{ task=text
size = len(vocabulary) if has_text else len(setup[f"{network}.0.embedding.weight"])
#}
size = len(vocabulary)  #? task=repeat
model = Transformer(size, D_MODEL, HEADS, LAYERS, CONTEXT)
model.initialize(generator)
model.to(DEVICE)
#{ weight_decay
# Biases and layer norms do not decay.
matrices = [p for p in model.parameters() if p.ndim == 2]
vectors = [p for p in model.parameters() if p.ndim == 1]
groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": vectors, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, betas=(BETA1, BETA2), eps=1e-8)  #@ optimizer
#}
optimizer = torch.optim.Adam(model.parameters(), betas=(BETA1, BETA2), eps=1e-8)  #? !weight_decay  #@ optimizer
print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {size} different characters")

losses = []
if setup is None:
    print(f"There is no {options.setup}, so the initial weights are drawn here.")
else:
    start = {name.removeprefix(f"{network}.0."): x for name, x in setup.items() if name.startswith(f"{network}.0.")}
    try:
        model.load_state_dict(start)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip()
        raise SystemExit(f"{options.setup} belongs to other settings than this script, or to another text: {first}")
    recorded = setup[f"{network}.loss"].tolist()
    for step in range(1, min(len(recorded), options.steps) + 1):
        losses.append(train_step(step, setup[f"batch{step}.windows"].squeeze(2).long()))
    #{ !dropout
    errors = [abs(ours / lab - 1) for ours, lab in zip(losses[:3], recorded)]
    if all(error <= 1e-4 for error in errors):
        print(f"The first three losses agree with the lab's: largest relative error {max(errors, default=0):.0e}.")
    else:
        print(f"The first three losses differ from the lab's: {losses[:3]} here, {recorded[:3]} there.")
    #}
    #{ dropout
    print("With dropout, the lab's losses cannot be reproduced, because each step masks other units at random.")
    print(f"The first losses are {losses[:3]} here and {recorded[:3]} there.")
    #}

total = options.steps
#{ task=text
if not has_text:
    total = len(losses)
    print(f"There is no text {options.text}, so training ends after the {total} recorded batches (see --text).")
#}
while len(losses) < total:
    step = len(losses) + 1
    losses.append(train_step(step, draw_windows()))
    if step % max(total // 10, 1) == 0:
        print(f"step {step:5}: training loss {losses[-1]:.3f}, validation loss {validation_loss():.3f}")

# %% [markdown]
# ## The numbers of the figure

# %% Results
#{ task=text
def baselines():
    """Return losses of predictions without a network: counted in the training text, measured on the same windows."""
    V, x, y = len(vocabulary), validation[:, :-1], validation[:, 1:]
    count = torch.bincount(train_ids, minlength=V).double()
    pairs = torch.bincount(train_ids[:-1] * V + train_ids[1:], minlength=V * V).view(V, V)
    unigram = (count + 1) / (len(train_ids) + V)  # p(y)
    bigram = (pairs + unigram) / (count[:, None] + 1)  # p(y | x)
    return math.log(V), -unigram[y].log().mean().item(), -bigram[x, y].log().mean().item()


if has_text:
    loss = validation_loss()
    uniform, unigram, bigram = baselines()
    recent = losses[-20:]
    print(f"\nLoss in nats per character after {len(losses)} steps")
    print(f"  training, mean of the last {len(recent):2}   {sum(recent) / max(len(recent), 1):.3f}")
    print(f"  validation                   {loss:.3f}   ({loss / math.log(2):.3f} bits)")
    print(f"  bigram baseline              {bigram:.3f}")
    print(f"  unigram baseline             {unigram:.3f}")
    print(f"  uniform baseline, ln V       {uniform:.3f}")
#}
#{ task=text mask=none
    # The last character of a window is the only one that the model predicts without having seen it.
    windows = fixed_windows(held_out, max(16_384 // (CONTEXT + 1), 8))
    with torch.no_grad():
        model.eval()  #? dropout
        last = torch.cat([model(part[:, :-1].to(DEVICE))[:, -1].cpu() for part in windows.split(16)])
    print(f"  last character of a window   {F.cross_entropy(last, windows[:, -1]).item():.3f}")
#}
#{ task=repeat
@torch.no_grad()
def head_scores(block, inputs, repeats, answers):
    """Return scores of each head of a block: previous token, prefix matching, copying (Olsson et al. 2022)."""
    weights, attended = block.attention.weights.cpu(), block.attention.attended.cpu()  # of the last forward pass
    n = inputs.shape[1]
    previous = weights.diagonal(-1, dim1=2, dim2=3).mean(dim=(0, 2))
    matching = (weights * answers[:, None]).sum(dim=(0, 2, 3)) / repeats.sum()
    # The direct effect of each head on the logits: its output, times its rows of W^O, read by the head of the model.
    W_O = block.attention.output.weight.T.cpu()  # [heads d_k, d_model]
    centered = W_O - W_O.mean(dim=1, keepdim=True)  # as the last layer norm does
    U = model.embedding.weight.T.cpu()  # [d_model, vocabulary]  #? tied
    U = model.head.weight.T.cpu()  # [d_model, vocabulary]  #? !tied
    read = (centered @ (model.norm.weight.cpu()[:, None] * U)).view(HEADS, -1, size)
    effect = attended @ read  # [batch, heads, n, vocabulary]
    on_attended = effect.gather(3, inputs[:, None, None, :].expand(-1, HEADS, n, n))  # effect on the token of each key
    raises = (weights * on_attended).sum(dim=3) > effect.mean(dim=3)  # [batch, heads, n]
    copying = (raises * repeats[:, None]).sum(dim=(0, 2)) / repeats.sum()
    return previous, matching, copying


inputs, targets = validation[:, :-1], validation[:, 1:]
with torch.no_grad():
    model.eval()  #? dropout
    logits = model(inputs.to(DEVICE)).cpu()
each = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")  # [sequences, CONTEXT]
query, key, period = torch.arange(CONTEXT)[:, None], torch.arange(CONTEXT)[None, :], periods[:, None, None]
repeats = query[:, 0] >= periods[:, None]  # queries whose token has occurred before
# Keys that follow an earlier occurrence of the query's token.
answers = (query >= period) & (key <= query) & (key > 0) & ((query + 1 - key) % period == 0)
known, new = repeats, query[:, 0] + 1 < periods[:, None]
recent = losses[-20:]
print(f"\nLoss in nats per token after {len(losses)} steps")
print(f"  training, mean of the last {len(recent):2}   {sum(recent) / max(len(recent), 1):.3f}")
print(f"  validation                   {each.mean().item():.3f}")
print(f"  in the first block           {each[new].mean().item():.3f}")
print(f"  in the repeats               {each[known].mean().item():.3f}")
print(f"  uniform baseline, ln V       {math.log(size):.3f}")
print("\nScores of the heads            previous token   prefix matching   copying")
for layer, block in enumerate(model.blocks, start=1):
    scores = head_scores(block, inputs, repeats, answers)
    for head, (previous, matching, copying) in enumerate(zip(*scores), start=1):
        print(f"  layer {layer}, head {head} {previous:26.2f} {matching:17.2f} {copying:9.2f}")
#}


#{ sample_length
@torch.no_grad()
def write(ids, length, temperature=0.8):
    """Continue a text, one character at a time, each drawn from softmax(logits / temperature)."""
    model.eval()  #? dropout
    for _ in range(length):
        logits = model(torch.tensor([ids[-model.context :]], device=DEVICE))[0, -1].cpu()
        probabilities = (logits / temperature).softmax(dim=0)
        ids = [*ids, torch.multinomial(probabilities, 1, generator=generator).item()]
    return "".join(vocabulary[i] for i in ids)


#{ task=text
if has_text:
    print("\nA sample:" + write([id_of.get("\n", 0)], SAMPLE_LENGTH))
#}
#{ task=repeat
prompt = validation[0, : periods[0] + 1].tolist()  # a block and its first token
print(f"\nA sample after {len(prompt)} given tokens: " + write(prompt, SAMPLE_LENGTH))
#}
#}
