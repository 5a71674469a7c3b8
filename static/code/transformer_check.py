# ---- This section: a decoder-only transformer
#
# Your file defines, with masks that are True where a query must not see a key:
#
#     positional_encoding(context, d_model)                            returns [context, d_model]  #? positions=sinusoidal
#     TransformerBlock(d_model, n_heads)                               forward(x, mask): [batch, n, d_model]
#     Transformer(vocabulary, d_model, n_heads, n_layers, context)     forward(ids): logits, [batch, n, vocabulary]

LAYERS = 3  #= layers
HEADS = 4  #= heads
D_MODEL = 64  #= d_model
CONTEXT = 256  #= context
STEPS = 2420  #= steps
LEARNING_RATE = 0.003  #= learning_rate
WARMUP = 100  #= warmup
BETA1 = 0.9  #= beta1
BETA2 = 0.99  #= beta2
WEIGHT_DECAY = 0.1  #= weight_decay
MAX_NORM = 1.0  #= clip  #? clip
MAX_NORM = None  #? !clip
POSITIONS = "sinusoidal"  #= positions
MASK = "causal"  #= mask
MLP = True  #= mlp
TIED = True  #= tied
SEED = 1  #= seed


def from_setup():
    """Return the network's name in the set-up file, and the number of characters, which depends on the text."""
    name = "nn-lab-transformer-setup.safetensors"
    default = Path(name) if Path(name).exists() else Path(__file__).with_name(name)
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--setup", type=Path, default=default)
    try:
        tensors, _ = read_safetensors(parser.parse_known_args()[0].setup)
    except Problem:  # main() says what it is
        return "", 1
    found = next((name for name in tensors if name.endswith(".0.embedding.weight")), None)
    return (found.removesuffix(".0.embedding.weight"), len(tensors[found])) if found else ("", 1)


ARM, VOCABULARY = from_setup()


class Norm(nn.LayerNorm):
    def __init__(self, d_model, mistake):
        super().__init__(d_model)
        self.mistake = mistake

    def forward(self, x):
        axis = 1 if self.mistake == "norm-axis" else 2
        mean, variance = x.mean(axis, keepdim=True), x.var(axis, keepdim=True, correction=self.mistake == "norm-unbiased")
        if self.mistake == "norm-no-mean":
            mean, variance = 0.0, (x * x).mean(axis, keepdim=True)
        if self.mistake == "norm-variance":
            return (x - mean) / (variance + self.eps) * self.weight + self.bias
        return (x - mean) / (variance + self.eps).sqrt() * self.weight + self.bias


class Attention(nn.Module):
    def __init__(self, d_model, n_heads, mistake):
        super().__init__()
        self.n_heads, self.mistake = n_heads, mistake
        bias = mistake != "no-projection-bias"
        self.query, self.key, self.value = (nn.Linear(d_model, d_model, bias=bias) for _ in range(3))
        self.output = nn.Linear(d_model, d_model)

    def split(self, x):
        batch, n, d_model = x.shape
        d_head = d_model // self.n_heads
        if self.mistake == "heads-view":
            return x.reshape(batch, self.n_heads, n, d_head)
        if self.mistake == "heads-interleaved":
            return x.view(batch, n, d_head, self.n_heads).permute(0, 3, 1, 2)
        return x.view(batch, n, self.n_heads, d_head).transpose(1, 2)

    def forward(self, x, mask):
        batch, n, d_model = x.shape
        Q, K, V = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        if self.mistake == "query-key-swapped":
            Q, K = K, Q
        scale = {"no-scale": 1.0, "scale-d-model": d_model**-0.5, "scale-twice": 1 / Q.shape[-1]}
        scores = Q @ K.transpose(2, 3) * scale.get(self.mistake, Q.shape[-1] ** -0.5)
        #{ mask=causal
        strict = mask | torch.eye(n, dtype=torch.bool)
        masks = {"mask-transposed": mask.t(), "mask-inverted": ~mask, "mask-strict": strict}
        fill = {"mask-inverted": -1e9, "mask-strict": -1e9, "softmax-heads": -1e9, "mask-zero": 0.0}.get(self.mistake, -math.inf)
        if self.mistake not in ("no-mask", "mask-after-softmax"):
            scores = scores.masked_fill(masks.get(self.mistake, mask), fill)
        #}
        weights = scores.softmax({"softmax-queries": 2, "softmax-heads": 1}.get(self.mistake, 3))
        #{ mask=causal
        if self.mistake == "mask-after-softmax":
            weights = weights.masked_fill(mask, 0.0)
        #}
        attended = weights @ V
        if self.mistake != "merge-view":
            attended = attended.transpose(1, 2)
        attended = attended.reshape(batch, n, d_model)
        return attended if self.mistake == "no-output" else self.output(attended)


class Block(nn.Module):
    def __init__(self, mistake="", d_model=D_MODEL):
        super().__init__()
        self.mistake = mistake
        self.norm_attention = Norm(d_model, mistake)
        self.attention = Attention(d_model, HEADS, mistake)
        self.norm_mlp = Norm(d_model, mistake)  #? mlp
        self.up, self.down = nn.Linear(d_model, 4 * d_model), nn.Linear(4 * d_model, d_model)  #? mlp

    #{ mlp
    def mlp(self, x):
        wide = self.up(x)
        if self.mistake == "no-activation":
            return self.down(wide)
        if self.mistake == "activation-last":
            return F.gelu(self.down(F.gelu(wide)))
        activation = {"relu": F.relu, "tanh-gelu": lambda x: F.gelu(x, approximate="tanh")}
        return self.down(activation.get(self.mistake, F.gelu)(wide))

    #}
    def forward(self, x, mask=None):
        if self.mistake == "post-norm":
            x = self.norm_attention(x + self.attention(x, mask))
            x = self.norm_mlp(x + self.mlp(x))  #? mlp
            return x
        normed = x if self.mistake == "no-norm" else self.norm_attention(x)
        attended = self.attention(normed, mask)
        a = {"no-shortcut": 0.0, "shortcut-after-norm": normed}.get(self.mistake, x) + attended
        #{ mlp
        source = {"parallel": x, "mlp-of-attended": attended}.get(self.mistake, a)
        transformed = self.mlp(a if self.mistake == "no-norm" else self.norm_mlp(source))
        a = transformed if self.mistake == "no-mlp-shortcut" else a + transformed
        #}
        return a


def encoding(context, d_model, mistake=""):
    position = torch.arange(context, dtype=torch.float64)[:, None] + (mistake == "positions-from-1")
    column = torch.arange(d_model // 2, dtype=torch.float64)
    exponent = {"exponent": column / d_model, "no-exponent": 0 * column}.get(mistake, 2 * column / d_model)
    angle = position / 10_000**exponent
    waves = [angle.sin(), angle.cos()]
    if mistake == "cosine-first":
        waves.reverse()
    table = torch.cat(waves, dim=1) if mistake == "sines-then-cosines" else torch.stack(waves, dim=2).flatten(1)
    return table.float()


class RightTransformer(nn.Module):
    def __init__(self, mistake=""):
        super().__init__()
        self.mistake = mistake
        self.embedding = nn.Embedding(VOCABULARY, D_MODEL)
        self.positions = nn.Embedding(CONTEXT, D_MODEL)  #? positions=learned
        blocks = [Block(mistake) for _ in range(LAYERS)]
        self.blocks = nn.ModuleList([blocks[0]] * LAYERS if mistake == "shared-blocks" else blocks)
        self.norm = Norm(D_MODEL, mistake)
        self.head = nn.Linear(D_MODEL, VOCABULARY, bias=False)  #? !tied

    def forward(self, ids):
        n, E = ids.shape[1], self.embedding.weight
        x = self.embedding(ids)
        if self.mistake == "embedding-scaled":
            x = x * D_MODEL**0.5
        #{ positions=sinusoidal
        factor = {"no-positions": 0.0, "positions-unscaled": 1.0}.get(self.mistake, (2 / D_MODEL) ** 0.5)
        x = x + factor * encoding(n, D_MODEL, self.mistake)
        #}
        #{ positions=learned
        shift = 1 if self.mistake == "positions-from-1" else 0
        x = x + (self.mistake != "no-positions") * self.positions.weight.roll(-shift, 0)[:n]
        #}
        #{ positions=none
        if self.mistake == "positions-added":
            x = x + (2 / D_MODEL) ** 0.5 * encoding(n, D_MODEL)
        #}
        mask = torch.ones(n, n, dtype=torch.bool).triu(1)
        for block in self.blocks:
            x = block(x, mask)
        x = x if self.mistake == "no-last-norm" else self.norm(x)
        U = E.detach() if self.mistake == "head-detached" else E  #? tied
        U = E if self.mistake == "head-tied" else self.head.weight  #? !tied
        logits = x @ U.t()
        final = {"probabilities": logits.softmax(dim=2), "log-probabilities": logits.log_softmax(dim=2)}
        return final.get(self.mistake, logits)


class RightEncoding(nn.Module):
    def __init__(self, mistake=""):
        super().__init__()
        self.mistake = mistake

    def forward(self, x):
        return encoding(*x.shape, self.mistake)


ENCODING_MISTAKES = {
    "sines-then-cosines": "the columns have all sines first, then all cosines. They alternate: sine in column 2i, cosine in column 2i + 1.",
    "cosine-first": "sine and cosine are swapped. Even columns have the sine.",
    "positions-from-1": "positions are off by one. The first position is 0.",
    "exponent": "the wavelengths grow too slowly. The exponent of column 2i is 2i/d, not i/d.",
    "no-exponent": "all columns have the same wavelength. Divide the position by 10000^(2i/d).",
}
BLOCK_MISTAKES = {
    "post-norm": "the layer norm is applied after the sum (post-norm). Here it is applied to the input of each branch: x + Attention(LayerNorm(x)).",
    "no-norm": "the layer norms are not applied. Each branch reads LayerNorm(x).",
    "norm-axis": "layer norm averages over the positions. Average over the last axis, the d numbers of one vector.",
    "norm-unbiased": "layer norm divides by n - 1 in the variance. Use var(correction=0), which divides by n.",
    "norm-variance": "layer norm divides by the variance. Divide by its root.",
    "norm-no-mean": "layer norm does not subtract the mean (RMS norm). Subtract it before you square.",
    "no-shortcut": "the attention replaces x. Add its output to x.",
    "shortcut-after-norm": "the shortcut starts after the layer norm. Add the attention to x itself, not to LayerNorm(x).",
    "no-scale": "the scores are not scaled. Divide Q K^T by sqrt(d_k).",
    "scale-d-model": "the scores are divided by sqrt(d_model). Divide by sqrt(d_k), where d_k = d_model / n_heads.",
    "scale-twice": "the scores are divided by d_k. Divide by its root, and only once.",
    "softmax-queries": "the softmax is over the queries. Each query's weights sum to 1, so it is over the last axis, the keys.",
    "softmax-heads": "the softmax is over the heads. Each query's weights sum to 1, so it is over the last axis, the keys.",
    "query-key-swapped": "queries and keys are swapped. Row i of the scores belongs to query i: Q K^T.",
    #{ mask=causal
    "no-mask": "the mask is not applied. Set the scores to -inf where it is True, before the softmax.",
    "mask-transposed": "the mask is on the wrong side: each position sees itself and those after it. Hide the keys above the diagonal (triu).",
    "mask-inverted": "the mask is inverted. It is True where a query must not see a key.",
    "mask-strict": "the mask also hides the diagonal. Each position sees itself: use triu(1), not triu(0).",
    "mask-after-softmax": "the mask is applied after the softmax, so the weights no longer sum to 1. Apply it to the scores.",
    "mask-zero": "hidden scores are set to 0, and exp(0) is 1. Set them to -inf.",
    #}
    "heads-view": "the heads are split by view or reshape alone, which mixes positions. Use view(batch, n, heads, d_k).transpose(1, 2).",
    "heads-interleaved": "the heads are split in the wrong order: a head has adjacent columns. Use view(batch, n, heads, d_k), not (d_k, heads).",
    "merge-view": "the heads are joined without transposing back. Use transpose(1, 2) before reshape(batch, n, d_model).",
    "no-output": "the projection W^O after the heads is missing.",
    "no-projection-bias": "queries, keys and values have no bias. Use nn.Linear with its bias.",
    #{ mlp
    "no-mlp-shortcut": "the MLP replaces a. Add its output to a.",
    "parallel": "the MLP reads x, the input of the block. It reads a = x + Attention(...), after a layer norm of its own.",
    "mlp-of-attended": "the MLP reads the output of the attention alone. It reads a = x + Attention(...), after a layer norm of its own.",
    "relu": "the activation is ReLU. It is GELU.",
    "tanh-gelu": 'GELU is approximated with tanh. The exact one is F.gelu(x), with approximate="none".',
    "no-activation": "the activation between the two layers of the MLP is missing. It is GELU.",
    "activation-last": "there is an activation after the last layer of the MLP. Only the first has one.",
    #}
}
MISTAKES = {
    **BLOCK_MISTAKES,
    #{ positions=sinusoidal
    **ENCODING_MISTAKES,
    "positions-unscaled": "the positions are not scaled. Multiply the table by sqrt(2 / d_model), which gives its rows the length 1.",
    #}
    "positions-from-1": "positions are off by one. The first position is 0.",  #? positions=learned
    "no-positions": "the positions are not added to the embeddings.",  #? positions!=none
    "positions-added": "sines and cosines are added to the embeddings. These settings have no positions.",  #? positions=none
    "embedding-scaled": "the embeddings are multiplied by sqrt(d_model), as in Vaswani et al. 2017. Here they are not.",
    "shared-blocks": "all layers are one and the same block. Create a new TransformerBlock for each layer.",  #? layers!=1
    "no-last-norm": "the layer norm before the head is missing.",
    "head-detached": "the head uses a detached copy of the embedding, so its gradient is lost. Use embedding.weight itself.",  #? tied
    "head-tied": "the head is the embedding's transpose. In these settings it is a layer of its own.",  #? !tied
    "probabilities": "the output is a softmax. The loss takes logits, and has a softmax of its own.",
    "log-probabilities": "the output is a log-softmax. Return the logits.",
}
if HEADS == 1:  # these are right with a single head
    for slug in ("heads-view", "heads-interleaved", "merge-view", "scale-d-model"):
        MISTAKES.pop(slug), BLOCK_MISTAKES.pop(slug)


def mistakes(sentences, right):
    return [Mistake(slug, sentence, lambda slug=slug: right(slug)) for slug, sentence in sentences.items()]


def randomized(module):
    """Put random numbers into all parameters, so that each of them matters."""
    for name, parameter in module.named_parameters():
        nn.init.normal_(parameter, mean=float("norm" in name and name.endswith("weight")), std=D_MODEL**-0.5)
    return module


def block_batch():
    return {"x": torch.randn(2, 7, D_MODEL), "mask": torch.ones(7, 7, dtype=torch.bool).triu(1)}  #? mask=causal
    return {"x": torch.randn(2, 7, D_MODEL), "mask": None}  #? mask=none


def block_loss(output, batch):
    """A loss whose gradient is different for every output, and which is far from 0."""
    return (output - torch.linspace(-1, 1, output.numel()).view(output.shape)).square().mean()


def windows_loss(logits, batch):
    targets = batch["windows"].squeeze(2).long()[:, 1:]
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def optimizer(model):
    """AdamW, in which only matrices decay."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, betas=(BETA1, BETA2), eps=1e-8)


def learning_rate_at(step):
    """Rise linearly during the warm-up, then fall to a tenth along half a cosine; the first step is 1."""
    warmup = min(WARMUP, STEPS - 1)
    if step <= warmup:
        return LEARNING_RATE * step / (warmup + 1)
    progress = min((step - warmup) / (STEPS - warmup), 1)
    return LEARNING_RATE * (0.1 + 0.9 * (1 + math.cos(math.pi * progress)) / 2)


def fused(tensors):
    """Queries, keys and values in one layer, as in nanoGPT."""
    tensors, joined = dict(tensors), {}
    for name in [name for name in tensors if ".query." in f".{name}"]:
        parts = [tensors.pop(name.replace("query", part)) for part in ("query", "key", "value")]
        joined[name.replace("query", "c_attn")] = torch.cat(parts)
    return {**tensors, **joined}


def noted(model):
    """Offer the arrangement above if the student's model has a layer of that size."""
    sizes = [sorted(parameter.shape) for parameter in model.parameters()]
    LAYOUTS[:] = [fused] if [D_MODEL, 3 * D_MODEL] in sizes else []
    return model


LAYOUTS = []
NAMES = {
    "embedding": "wte tok_emb token_emb token_embedding token_embedding_table embed",
    "positions": "wpe pos_emb position_emb position_embedding position_embedding_table pos_embedding",
    "blocks": "h layers",
    "norm_attention": "ln_1 ln1 norm1 norm_1 attention_norm",
    "norm_mlp": "ln_2 ln2 norm2 norm_2 mlp_norm ffn_norm",
    "attention": "attn self_attention self_attn mha sa",
    "query": "q W_q wq q_proj to_q",
    "key": "k W_k wk k_proj to_k",
    "value": "v W_v wv v_proj to_v",
    "output": "o W_o wo o_proj out_proj out proj to_out",
    "c_attn": "qkv qkv_proj in_proj",
    "up": "c_fc fc1 linear1 w1 lin1",
    "down": "fc2 linear2 w2 lin2",
    "norm": "ln_f final_norm norm_f last_norm",
    "head": "lm_head unembedding U",
}

tasks = [
    #{ positions=sinusoidal
    Task(
        title="positional_encoding(context, d_model)",
        build=lambda student: Function(lambda x: student.positional_encoding(*x.shape).float()),
        right=RightEncoding,
        mistakes=mistakes(ENCODING_MISTAKES, RightEncoding),
        batch=lambda: {"x": torch.zeros(CONTEXT, D_MODEL)},
        call=lambda model, batch: model(batch["x"]),
    ),
    #}
    Task(
        title="TransformerBlock(d_model, n_heads)",
        build=lambda student: noted(student.TransformerBlock(D_MODEL, HEADS)),
        right=lambda: randomized(Block()),
        mistakes=mistakes(BLOCK_MISTAKES, Block),
        batch=block_batch,
        call=lambda model, batch: first(model(batch["x"], batch["mask"])),
        loss=block_loss,
        names=NAMES,
        layouts=LAYOUTS,
    ),
    Task(
        title="Transformer(vocabulary, d_model, n_heads, n_layers, context)",
        build=lambda student: noted(student.Transformer(VOCABULARY, D_MODEL, HEADS, LAYERS, CONTEXT)),
        right=RightTransformer,  #? !dropout
        right=lambda: randomized(RightTransformer()),  #? dropout
        mistakes=mistakes(MISTAKES, RightTransformer),
        #{ !dropout
        arm=ARM,
        curve="loss_train",
        curve_title="Training loss",
        #}
        #{ dropout
        # The lab's losses have random dropout masks, so the model is compared on random windows, without dropout.
        batch=lambda: {"windows": torch.randint(VOCABULARY, (2, CONTEXT + 1, 1)).float()},
        #}
        call=lambda model, batch: first(model(batch["windows"].squeeze(2).long()[:, :-1])),
        loss=windows_loss,
        names=NAMES,
        layouts=LAYOUTS,
    ),
]

settings = {"layers": LAYERS, "heads": HEADS, "d_model": D_MODEL, "context": CONTEXT, "steps": STEPS, "seed": SEED}
settings |= {"positions": POSITIONS, "mask": MASK, "mlp": MLP, "tied": TIED, "learning_rate": LEARNING_RATE}
main(Section("transformer", tasks, optimizer, settings=settings, max_norm=MAX_NORM, rate=learning_rate_at))
