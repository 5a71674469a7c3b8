# ---- Section "attention". Your file defines the function and the class below.
#
# scaled_dot_product_attention(Q, K, V, mask=None, scale=1.0)
#     Q [batch, heads, queries, d_k], K and V [batch, heads, keys, d_k]; mask is None, or True where a query must not see a
#     key, and broadcasts to [batch, heads, queries, keys]; scale is the factor of the scores.
#     Returns the outputs [batch, heads, queries, d_k], alone or as the first of several results.
#
# MultiHeadAttention(d_model, n_heads, d_head, scale), with forward(x, mask=None)
#     Linear layers without bias for queries, keys, values and the output. x is [batch, n, d_model], and so is the output.
#
# The networks of the page put MultiHeadAttention between an embedding and a readout, which this script provides.

from functools import partial

TASK = "look-up"  #= task
OPTIMIZER = "adam"  #= optimizer
N_TOKENS = 8  #= n_tokens
D_MODEL = 32  #= d_model
N_HEADS = 2  #= n_heads
D_K = 64  #= d_k
SIGMA = 1.0  #= sigma
BATCH_SIZE = 32  #= batch_size
LEARNING_RATE = 0.003  #= learning_rate
SEED = 1  #= seed
N_VALUES = 8
#{ task=look-up
N_QUESTIONS = 1
ARMS = {"scaled": (N_HEADS, D_K, D_K**-0.5), "unscaled": (N_HEADS, D_K, 1.0)}  # heads, dimension of a head, scale
CURVES = {"scaled": "Loss, scaled", "unscaled": "Loss, unscaled"}
#}
#{ task=two-look-ups
N_QUESTIONS = 2
D_HEAD = max(D_K // N_HEADS, 1)
D_ONE = N_HEADS * D_HEAD
ARMS = {"heads": (N_HEADS, D_HEAD, D_HEAD**-0.5), "one_head": (1, D_ONE, D_ONE**-0.5)}  # heads, dimension of a head, scale
WORDS = ["also one head", "two heads", "three heads", "four heads", "five heads", "six heads", "seven heads", "eight heads"]
CURVES = {"heads": f"Loss, {WORDS[N_HEADS - 1]}", "one_head": "Loss, one head"}
#}
D_IN = (1 + N_QUESTIONS) * N_TOKENS + N_VALUES


# ---- The right solution, in parts that the mistakes replace


def attention(Q, K, V, mask, scale, softmax=lambda s: s.softmax(dim=-1), mask_of=lambda m: m, hidden=-1e30, average=torch.matmul):
    scores = Q @ K.transpose(-2, -1) * scale
    if mask is not None:
        scores = scores.masked_fill(mask_of(mask), hidden)
    return average(softmax(scores), V)


def split(x, n_heads):
    """[batch, n, heads d_head] -> [batch, heads, n, d_head]"""
    return x.unflatten(2, (n_heads, -1)).transpose(1, 2)


def merge(heads):
    """[batch, heads, n, d_head] -> [batch, n, heads d_head]"""
    return heads.transpose(1, 2).flatten(2)


def project(layers, x):
    return layers.query(x), layers.key(x), layers.value(x)


class RightAttention(nn.Module):
    def __init__(
        self, d_model, n_heads, d_head, scale, project=project, split=split, attend=attention, merge=merge,
        finish=lambda layers, merged, x: layers.output(merged), bias=False,
    ):
        super().__init__()
        self.n_heads, self.scale = n_heads, scale
        self.project, self.split, self.attend, self.merge, self.finish = project, split, attend, merge, finish
        self.query = nn.Linear(d_model, n_heads * d_head, bias)
        self.key = nn.Linear(d_model, n_heads * d_head, bias)
        self.value = nn.Linear(d_model, n_heads * d_head, bias)
        self.output = nn.Linear(n_heads * d_head, d_model, bias)

    def forward(self, x, mask=None):
        Q, K, V = (self.split(part, self.n_heads) for part in self.project(self, x))
        return self.finish(self, self.merge(self.attend(Q, K, V, mask, self.scale)), x)


class LookupNet(nn.Module):
    def __init__(self, attention):
        super().__init__()
        self.embed = nn.Linear(D_IN, D_MODEL, bias=False)
        self.attention = attention
        self.readout = nn.Linear(D_MODEL, N_QUESTIONS * N_VALUES, bias=False)

    def forward(self, x):
        output = first(self.attention(self.embed(x)))
        if isinstance(output, torch.Tensor) and output.shape != (*x.shape[:2], D_MODEL):
            raise RuntimeError(f"MultiHeadAttention returned the shape {list(output.shape)}, expected [batch, n, d_model]")
        return self.readout(output).reshape(-1, N_VALUES)


class Attended(nn.Module):
    """A function of attention on random queries, keys and values, which are its parameters, so gradients reach them."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.Q = nn.Parameter(torch.randn(2, 3, 6, 4))
        self.K = nn.Parameter(torch.randn(2, 3, 6, 4))
        self.V = nn.Parameter(torch.randn(2, 3, 6, 4))

    def forward(self, mask, scale):
        return first(self.function(self.Q, self.K, self.V, mask, scale))


# ---- Mistakes in scaled dot-product attention: (id, sentence, function)


def with_scale(change):
    """Return attention with another scale: change(scale, d_k)."""
    return lambda Q, K, V, mask, scale: attention(Q, K, V, mask, change(scale, Q.shape[-1]))


def weights_of(Q, K, mask, scale):
    return attention(Q, K, None, mask, scale, average=lambda weights, _: weights)


def masked_after_softmax(Q, K, V, mask, scale):
    weights = weights_of(Q, K, None, scale)
    return (weights if mask is None else weights.masked_fill(mask, 0)) @ V


def mask_added(Q, K, V, mask, scale):
    scores = Q @ K.transpose(-2, -1) * scale
    return (scores if mask is None else scores + mask.float()).softmax(dim=-1) @ V


IN_ATTENTION = [
    (
        "softmax-axis",
        "The softmax goes over the queries (dim=-2). Each query has to distribute its weights over the keys: dim=-1.",
        partial(attention, softmax=lambda s: s.softmax(dim=-2)),
    ),
    (
        "softmax-heads",
        "The softmax goes over the heads (dim=1) instead of the keys. Count the axes from the end: dim=-1.",
        partial(attention, softmax=lambda s: s.softmax(dim=1)),
    ),
    (
        "softmax-batch",
        "The softmax goes over the batch (dim=0) instead of the keys. Count the axes from the end: dim=-1.",
        partial(attention, softmax=lambda s: s.softmax(dim=0)),
    ),
    (
        "missing-softmax",
        "There is no softmax: the scores themselves are used as weights, so they neither sum to 1 nor are positive.",
        partial(attention, softmax=lambda s: s, hidden=0.0),
    ),
    (
        "missing-scale",
        "The scores are not multiplied by the scale. Look between the product Q Kᵀ and the softmax.",
        with_scale(lambda scale, d_k: 1.0),
    ),
    (
        "own-scale",
        "The scores are scaled by 1 / √d_k of the queries, and the argument scale is ignored.",
        with_scale(lambda scale, d_k: d_k**-0.5),
    ),
    (
        "scale-twice",
        "The scores are scaled by the square of the scale: it is applied twice, or they are divided by d_k instead of √d_k.",
        with_scale(lambda scale, d_k: scale**2),
    ),
    (
        "scale-divided",
        "The scores are divided by the scale. It is a factor: 1 / √d_k, not √d_k.",
        with_scale(lambda scale, d_k: 1 / scale),
    ),
    (
        "scale-divided",
        "The scores are multiplied by √d_k instead of divided by it.",
        with_scale(lambda scale, d_k: d_k**0.5),
    ),
    (
        "scale-after-softmax",
        "The scale is applied after the softmax, so the weights sum to the scale instead of 1. It belongs before the softmax.",
        lambda Q, K, V, mask, scale: scale * attention(Q, K, V, mask, 1.0),
    ),
    (
        "queries-and-keys",
        "Queries and keys have changed places: the scores are K Qᵀ, so rows and columns of the weights are exchanged.",
        lambda Q, K, V, mask, scale: attention(K, Q, V, mask, scale),
    ),
    (
        "keys-and-values",
        "Keys and values have changed places: the scores are Q Vᵀ and the averages are of K.",
        lambda Q, K, V, mask, scale: attention(Q, V, K, mask, scale),
    ),
    (
        "weights-transposed",
        "The weights are transposed before they average the values: row i of the weights has to average for query i.",
        partial(attention, average=lambda weights, V: weights.transpose(-2, -1) @ V),
    ),
    (
        "mask-inverted",
        "The mask is the wrong way around: here True hides a key. (In PyTorch's own F.scaled_dot_product_attention, True shows it.)",
        partial(attention, mask_of=lambda mask: ~mask),
    ),
    (
        "mask-transposed",
        "The mask is on the wrong side: its last axis belongs to the keys, and it is applied to the queries.",
        partial(attention, mask_of=lambda mask: mask.transpose(-2, -1)),
    ),
    (
        "mask-ignored",
        "The mask has no effect. Is it passed on, and is the result of masked_fill used? masked_fill, without _, changes nothing in place.",
        lambda Q, K, V, mask, scale: attention(Q, K, V, None, scale),
    ),
    (
        "mask-zero",
        "Masked scores are set to 0, which is a score like any other. They must be very negative before the softmax, such as -1e30.",
        partial(attention, hidden=0.0),
    ),
    (
        "mask-after-softmax",
        "The mask is applied only after the softmax, so the remaining weights sum to less than 1. Mask the scores before it.",
        masked_after_softmax,
    ),
    (
        "mask-added",
        "The mask is added to the scores, which raises hidden scores by 1. Use masked_fill with a very negative number.",
        mask_added,
    ),
    (
        "weights-detached",
        "The outputs are right, but no gradient passes through the weights. Look for detach, .data, .item or no_grad.",
        partial(attention, softmax=lambda s: s.softmax(dim=-1).detach()),
    ),
]

# ---- Mistakes in multi-head attention: (id, sentence, changes of RightAttention)


def split_by_view(x, n_heads):
    return x.reshape(x.shape[0], n_heads, x.shape[1], -1)


def split_interleaved(x, n_heads):
    return x.unflatten(2, (-1, n_heads)).permute(0, 3, 1, 2)


def merge_by_view(heads):
    return heads.reshape(heads.shape[0], heads.shape[2], -1)


def merge_interleaved(heads):
    return heads.permute(0, 2, 3, 1).flatten(2)


def heads_together(Q, K, V, mask, scale):
    """Attend with all heads as a single one."""
    n_heads = Q.shape[1]
    Q, K, V = (merge(part)[:, None] for part in (Q, K, V))
    return split(attention(Q, K, V, mask, scale)[:, 0], n_heads)


def heads_attend_to_heads(Q, K, V, mask, scale):
    """Attend over the heads of each position, as if they were the keys."""
    return attention(*(part.transpose(1, 2) for part in (Q, K, V)), None, scale).transpose(1, 2)


def scale_of_all_heads(Q, K, V, mask, scale):
    return attention(Q, K, V, mask, (Q.shape[1] * Q.shape[-1]) ** -0.5)


def transposed(x, layer):
    return x @ layer.weight.reshape(layer.in_features, layer.out_features)


IN_HEADS = [
    (
        "heads-by-view",
        "The projections are cut into heads by view(batch, heads, n, d_head), which mixes positions. View as [batch, n, heads, "
        "d_head] and transpose(1, 2), and go back the same way.",
        dict(split=split_by_view, merge=merge_by_view),
    ),
    (
        "split-by-view",
        "The projections are cut into heads by view(batch, heads, n, d_head), which mixes positions. View as [batch, n, heads, "
        "d_head] and transpose(1, 2).",
        dict(split=split_by_view),
    ),
    (
        "merge-by-view",
        "The heads are joined without transposing back first. Use transpose(1, 2) from [batch, heads, n, d_head], then flatten.",
        dict(merge=merge_by_view),
    ),
    (
        "heads-interleaved",
        "The numbers of a head are not adjacent: the last axis is cut into [d_head, heads] instead of [heads, d_head].",
        dict(split=split_interleaved, merge=merge_interleaved),
    ),
    (
        "split-interleaved",
        "The numbers of a head are not adjacent after the split: the last axis is cut into [d_head, heads] instead of [heads, d_head].",
        dict(split=split_interleaved),
    ),
    (
        "merge-interleaved",
        "The heads are joined number by number instead of one after the other: the last two axes have to be [heads, d_head].",
        dict(merge=merge_interleaved),
    ),
    (
        "single-head",
        "All heads attend together as a single one. Split queries, keys and values before the scores, so each head has its own weights.",
        dict(attend=heads_together),
    ),
    (
        "heads-as-keys",
        "Each position attends over its own heads. Transpose to [batch, heads, n, d_head] before the product of queries and keys.",
        dict(attend=heads_attend_to_heads),
    ),
    (
        "keys-from-queries",
        "Keys are computed with the projection of the queries. Look at the three projections: each has its own layer.",
        dict(project=lambda layers, x: (layers.query(x), layers.query(x), layers.value(x))),
    ),
    (
        "values-from-keys",
        "Values are computed with the projection of the keys. Look at the three projections: each has its own layer.",
        dict(project=lambda layers, x: (layers.query(x), layers.key(x), layers.key(x))),
    ),
    (
        "values-unprojected",
        "The values are the input itself, without their projection.",
        dict(project=lambda layers, x: (layers.query(x), layers.key(x), x)),
    ),
    (
        "missing-output-projection",
        "The joined heads are returned without the output projection W^O.",
        dict(finish=lambda layers, merged, x: merged),
    ),
    (
        "residual",
        "The input is added to the output. The residual connection of a transformer is outside of attention, and this network has none.",
        dict(finish=lambda layers, merged, x: x + layers.output(merged)),
    ),
    (
        "weights-transposed-linear",
        "The weights of the projections are not transposed: a weight [d_out, d_in] has to be transposed, not reshaped, as x @ W.t().",
        dict(
            project=lambda layers, x: [transposed(x, layer) for layer in (layers.query, layers.key, layers.value)],
            finish=lambda layers, merged, x: transposed(merged, layers.output),
        ),
    ),
    (
        "scale-of-all-heads",
        "The scores are scaled by 1 / √(n_heads d_head), the size of all heads together, instead of the argument scale.",
        dict(attend=scale_of_all_heads),
    ),
    (
        "bias",
        "The projections have biases, which are trained. These have none: nn.Linear(..., bias=False).",
        dict(bias=True),
    ),
]


def mistakes_of(build):
    """Return all mistakes of a builder that takes changes of RightAttention."""
    found = [Mistake(id, sentence, partial(build, attend=attend)) for id, sentence, attend in IN_ATTENTION]
    return found + [Mistake(id, sentence, partial(build, **changes)) for id, sentence, changes in IN_HEADS]


# ---- Tasks

FUNCTION = "scaled_dot_product_attention(Q, K, V, mask, scale)"
CLASS = "MultiHeadAttention(d_model, n_heads, d_head, scale)"
USUAL_NAMES = {
    "query": "q queries w_q wq q_proj to_q query_proj linear_q fc_q proj_q query_projection",
    "key": "k keys w_k wk k_proj to_k key_proj linear_k fc_k proj_k key_projection",
    "value": "v values w_v wv v_proj to_v value_proj linear_v fc_v proj_v value_projection",
    "output": "o out w_o wo o_proj out_proj output_proj to_out proj c_proj linear_o fc_o proj_o output_projection projection",
    "qkv": "qkv_proj in_proj to_qkv c_attn w_qkv wqkv query_key_value",
}


FRAME = ("embed.", "readout.")  # the layers around the student's module
PROJECTIONS = ["query", "key", "value"]


def arranged(state, arrange):
    """Replace the projections by arrange({part: weight}), which returns tensors by name."""
    start = next(name for name in state if name.endswith("query.weight")).removesuffix("query.weight")
    parts = {part: state[f"{start}{part}.weight"] for part in PROJECTIONS}
    rest = {name: tensor for name, tensor in state.items() if name not in [f"{start}{part}.weight" for part in PROJECTIONS]}
    return rest | {f"{start}{name}.weight": tensor for name, tensor in arrange(parts).items()}


def layouts(n_heads):
    """Other ways to store the projections of all heads."""

    def fused(parts):  # one layer for queries, keys and values, in this order
        return {"qkv": torch.cat(list(parts.values()))}

    def heads(parts):  # a list of heads with three layers each
        cut = {part: weight.chunk(n_heads) for part, weight in parts.items()}
        return {f"heads.{head}.{part}": cut[part][head] for head in range(n_heads) for part in PROJECTIONS}

    def lists(parts):  # three lists with a layer for each head
        return {f"{part}.{head}": rows for part, weight in parts.items() for head, rows in enumerate(weight.chunk(n_heads))}

    return [partial(arranged, arrange=arrange) for arrange in (fused, heads, lists)]


def build_student(student, arrangements, d_model, *sizes):
    """Build the student's module. A square matrix does not show whether it is [d_in, d_out], so one of other sizes is asked."""
    other = student.MultiHeadAttention(8, 2, 3, 0.7)
    bare = [tuple(parameter.shape) for name, parameter in other.named_parameters() if name.split(".")[-1] not in KINDS]
    if (8, 6) in bare:
        arrangements.append(lambda state: {name: t if name.startswith(FRAME) else t.t() for name, t in state.items()})
    return student.MultiHeadAttention(d_model, *sizes)


def function_task(words, mask):
    return Task(
        title=f"{FUNCTION} {words}",
        build=lambda student: Attended(student.scaled_dot_product_attention),
        right=partial(Attended, attention),
        mistakes=[Mistake(id, sentence, partial(Attended, attend)) for id, sentence, attend in IN_ATTENTION],
        batch=lambda: {"mask": mask, "scale": 0.7},
        call=lambda model, batch: model(batch["mask"], batch["scale"]),
        loss=weighted_sum,
    )


def masked_task():
    sizes, arrangements = (8, 2, 4, 0.7), layouts(2)  # d_model, n_heads, d_head, scale

    def build(**changes):
        return RightAttention(*sizes, **changes)

    return Task(
        title=f"{CLASS} with a causal mask",
        build=lambda student: build_student(student, arrangements, *sizes),
        right=build,
        mistakes=mistakes_of(build),
        batch=lambda: {"x": torch.randn(3, 6, 8), "mask": CAUSAL},
        call=lambda model, batch: first(model(batch["x"], batch["mask"])),
        loss=weighted_sum,
        names=USUAL_NAMES,
        layouts=arrangements,
    )


def arm_task(arm):
    arrangements = layouts(ARMS[arm][0])

    def build(**changes):
        return LookupNet(RightAttention(D_MODEL, *ARMS[arm], **changes))

    return Task(
        title=f"{CLASS} in the network {arm}",
        build=lambda student: LookupNet(build_student(student, arrangements, D_MODEL, *ARMS[arm])),
        right=build,
        mistakes=mistakes_of(build),
        arm=arm,
        names=USUAL_NAMES,
        layouts=arrangements,
        curve=f"loss_{arm}",
        curve_title=CURVES[arm],
    )


def optimizer_of(model):
    return torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8)  #? optimizer=adam
    return torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=0.9)  #? optimizer=momentum
    return torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)  #? optimizer=sgd


CAUSAL = torch.ones(6, 6, dtype=torch.bool).triu(diagonal=1)  # hides the keys after each query
PADDING = (torch.arange(6) >= torch.tensor([[4], [6]]))[:, None, None]  # [batch, 1, 1, keys]: lengths 4 and 6

main(
    Section(
        slug="attention",
        tasks=[
            function_task("without a mask", None),
            function_task("with a causal mask", CAUSAL),
            function_task("with a padding mask", PADDING),
            masked_task(),
            *(arm_task(arm) for arm in ARMS),
        ],
        optimizer=optimizer_of,
        settings={
            "task": TASK, "optimizer": OPTIMIZER, "n_tokens": N_TOKENS, "d_model": D_MODEL, "n_heads": N_HEADS, "d_k": D_K,
            "sigma": SIGMA, "batch_size": BATCH_SIZE, "learning_rate": LEARNING_RATE, "seed": SEED,
        },
    )
)
