# ---- Section rnn: a vanilla RNN and an LSTM that recall the first token of a sequence

from itertools import permutations

D_IN = 10  #= d_in
D_HIDDEN = 32  #= d_hidden
N_CLASSES = 2  #= classes
SEQ_LEN = 200  #= length
LEARNING_RATE = 0.003  #= learning_rate
MAX_NORM = 1.0  #= clip
SEED = 1  #= seed
DATA = ""  #= data  #? task=lines


class Recurrent(nn.Module):
    """What both networks share: x [seq_len, batch, d_in] -> logits [batch, d_out]."""

    n_gates = 1

    def __init__(self):
        super().__init__()
        self.input = nn.Linear(D_IN, self.n_gates * D_HIDDEN)  # W_x and b
        self.recurrent = nn.Linear(D_HIDDEN, self.n_gates * D_HIDDEN, bias=False)  # W_h
        self.output = nn.Linear(D_HIDDEN, N_CLASSES)  # W_y and b_y

    def states(self, x):
        h = c = x.new_zeros(x.shape[1], D_HIDDEN)
        states = []
        for x_t in x:
            h, c = self.step(x_t, h, c)
            states.append((h, c))
        return states

    def forward(self, x):
        return self.output(self.states(x)[-1][0])


class RightRNN(Recurrent):
    def step(self, x_t, h, c):
        return torch.tanh(self.input(x_t) + self.recurrent(h)), c


class RightLSTM(Recurrent):
    n_gates = 4
    order = "ifgo"

    def step(self, x_t, h, c):
        a = dict(zip(self.order, (self.input(x_t) + self.recurrent(h)).chunk(4, dim=-1)))
        return self.cell(torch.sigmoid(a["i"]), torch.sigmoid(a["f"]), torch.tanh(a["g"]), torch.sigmoid(a["o"]), c)

    def cell(self, i, f, g, o, c):
        c = f * c + i * g
        return o * torch.tanh(c), c


def variant(base, **methods):
    """Return a class that differs from its base in these methods or attributes."""
    return type("Wrong" + base.__name__, (base,), methods)


def shared_mistakes(base):
    """Return the mistakes that can be made in both networks."""

    def with_recurrent_bias():
        module = base()
        module.recurrent.bias = nn.Parameter(torch.zeros_like(module.input.bias))
        return module

    def without_bias():
        module = base()
        module.input.bias = None
        return module

    def step_with_detached_state(self, x_t, h, c):
        return base.step(self, x_t, h.detach(), c.detach())

    def step_without_state(self, x_t, h, c):
        return base.step(self, x_t, torch.zeros_like(h), torch.zeros_like(c))

    def transposed_step(self, x_t, h, c):
        # h @ block instead of h @ block.T, for the block of every gate
        blocks = self.recurrent.weight.chunk(self.n_gates)
        recurrent = torch.cat([h @ block for block in blocks], dim=-1)
        return base.step(Shifted(self, recurrent), x_t, torch.zeros_like(h), c)

    def mean_of_states(self, x):
        return self.output(torch.stack([h for h, _ in self.states(x)]).mean(dim=0))

    return [
        Mistake(
            "batch-first",
            "the sequence is read along the batch. x is [seq_len, batch, d_in], so loop over x, not over x[:, t].",
            variant(base, forward=lambda self, x: base.forward(self, x.transpose(0, 1))),
        ),
        Mistake(
            "reversed",
            "the sequence is read from its end. The first step reads x[0], and the logits come from the state after x[-1].",
            variant(base, forward=lambda self, x: base.forward(self, x.flip(0))),
        ),
        Mistake(
            "first-state",
            "the logits come from the state after the first token. Take the last state.",
            variant(base, forward=lambda self, x: self.output(self.states(x)[0][0])),
        ),
        Mistake(
            "skips-last-token",
            "the last token is never read. Loop over all positions, range(seq_len), and take the state after the last one.",
            variant(base, forward=lambda self, x: base.forward(self, x[:-1])),
        ),
        Mistake(
            "mean-of-states",
            "the logits come from the mean over all positions. Take the last state only.",
            variant(base, forward=mean_of_states),
        ),
        Mistake(
            "state-not-carried",
            "every step starts from a state of zeros. Set h (and c) to zeros once, before the loop.",
            variant(base, step=step_without_state),
        ),
        Mistake(
            "detached-state",
            "the outputs are right, but no gradient flows back through time. Do not use detach(), .data or no_grad on h.",
            variant(base, step=step_with_detached_state),
        ),
        Mistake(
            "transposed-recurrent",
            "the recurrent weights are transposed. nn.Linear computes h @ weight.T, and so must a product that you write yourself.",
            variant(base, step=transposed_step),
        ),
        Mistake(
            "two-biases",
            "the bias is there twice: once in the layer of x, once in the layer of h. They only add up, so give the recurrent "
            "nn.Linear bias=False. (PyTorch's nn.RNN and nn.LSTM have both, for cuDNN.)",
            with_recurrent_bias,
        ),
        Mistake(
            "no-bias",
            "the layer of x has no bias. a_t = x_t W_x + b + h_{t-1} W_h: remove bias=False there.",
            without_bias,
        ),
        Mistake(
            "softmax",
            "the outputs are probabilities. Return logits: the cross-entropy applies the softmax itself.",
            changed(base, lambda logits: logits.softmax(dim=-1)),
        ),
        Mistake(
            "tanh-after-output",
            "there is a tanh after the output layer. Logits are not bounded: logits = h W_y + b_y.",
            changed(base, torch.tanh),
        ),
    ]


class Shifted:
    """A module whose layer of x adds a constant, for products that replace the recurrent layer's."""

    def __init__(self, module, shift):
        self.module, self.shift = module, shift

    def __getattr__(self, name):
        return getattr(self.module, name)

    def input(self, x_t):
        return self.module.input(x_t) + self.shift


def rnn_step(function):
    return variant(RightRNN, step=lambda self, x_t, h, c: (function(self.input(x_t), self.recurrent(h)), c))


def lstm_cell(function):
    return variant(RightLSTM, cell=lambda self, *args: function(*args))


def lstm_step(function):
    """Change what a step starts from: function(h, c) returns another state and cell."""
    return variant(RightLSTM, step=lambda self, x_t, h, c: RightLSTM.step(self, x_t, *function(h, c)))


def coupled(i, f, g, o, c):
    c = f * c + (1 - f) * g
    return o * torch.tanh(c), c


def interleaved_step(self, x_t, h, c):
    a = self.input(x_t) + self.recurrent(h)
    i, f, g, o = a.view(-1, D_HIDDEN, 4).unbind(dim=-1)
    return self.cell(torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o), c)


def step_with_forget_bias(self, x_t, h, c):
    ones = F.pad(torch.ones(D_HIDDEN), (D_HIDDEN, 2 * D_HIDDEN))  # in the rows of the forget gate
    return RightLSTM.step(Shifted(self, ones), x_t, h, c)


RNN_MISTAKES = [
    Mistake(
        "no-tanh",
        "there is no activation: h_t = x_t W_x + b + h_{t-1} W_h. Apply torch.tanh to the sum.",
        rnn_step(lambda x, h: x + h),
    ),
    Mistake(
        "sigmoid",
        "the activation is a sigmoid. The vanilla RNN uses tanh.",
        rnn_step(lambda x, h: torch.sigmoid(x + h)),
    ),
    Mistake(
        "relu",
        "the activation is a ReLU. The vanilla RNN of this section uses tanh.",
        rnn_step(lambda x, h: torch.relu(x + h)),
    ),
    Mistake(
        "tanh-inside",
        "the tanh is applied to one of the two summands. Apply it to their sum: tanh(x_t W_x + b + h_{t-1} W_h).",
        rnn_step(lambda x, h: torch.tanh(x) + h),
    ),
    Mistake(
        "tanh-of-state",
        "the tanh is applied to one of the two summands. Apply it to their sum: tanh(x_t W_x + b + h_{t-1} W_h).",
        rnn_step(lambda x, h: x + torch.tanh(h)),
    ),
]

LSTM_MISTAKES = [
    Mistake(
        "gates-" + "".join(order),
        f"the gates are in the order {', '.join(order)}. The rows of the lab's weights are i, f, g, o, as in PyTorch.",
        variant(RightLSTM, order="".join(order)),
    )
    for order in permutations("ifgo")
    if order != ("i", "f", "g", "o")
] + [
    Mistake(
        "gates-interleaved",
        "the gates of each unit are next to each other. The first d_h rows of the weights are the input gates of all units, the "
        "next d_h rows their forget gates, and so on: a.chunk(4, dim=-1).",
        variant(RightLSTM, step=interleaved_step),
    ),
    Mistake(
        "candidate-sigmoid",
        "the candidate g goes through a sigmoid. It is a tanh, so that the cell can also decrease.",
        variant(
            RightLSTM,
            step=lambda self, x_t, h, c: self.cell(
                *(torch.sigmoid(a) for a in (self.input(x_t) + self.recurrent(h)).chunk(4, dim=-1)), c
            ),
        ),
    ),
    Mistake(
        "no-tanh-of-cell",
        "the hidden state is o * c. It is o * tanh(c).",
        lstm_cell(lambda i, f, g, o, c: (o * (f * c + i * g), f * c + i * g)),
    ),
    Mistake(
        "sigmoid-of-cell",
        "the hidden state is o * sigmoid(c). It is o * tanh(c).",
        lstm_cell(lambda i, f, g, o, c: (o * torch.sigmoid(f * c + i * g), f * c + i * g)),
    ),
    Mistake(
        "coupled-gates",
        "the cell is f * c + (1 - f) * g. The LSTM has an input gate of its own: f * c + i * g.",
        lstm_cell(coupled),
    ),
    Mistake(
        "no-forget-gate",
        "the forget gate is not used: c is c + i * g. The LSTM of this section multiplies the cell by f first.",
        lstm_cell(lambda i, f, g, o, c: (o * torch.tanh(c + i * g), c + i * g)),
    ),
    Mistake(
        "no-input-gate",
        "the input gate is not used: c is f * c + g. Multiply the candidate by i.",
        lstm_cell(lambda i, f, g, o, c: (o * torch.tanh(f * c + g), f * c + g)),
    ),
    Mistake(
        "no-output-gate",
        "the output gate is not used: h is tanh(c). It is o * tanh(c).",
        lstm_cell(lambda i, f, g, o, c: (torch.tanh(f * c + i * g), f * c + i * g)),
    ),
    Mistake(
        "cell-not-carried",
        "every step starts from a cell of zeros. Set c to zeros once, before the loop, and pass it on like h.",
        lstm_step(lambda h, c: (h, torch.zeros_like(c))),
    ),
    Mistake(
        "hidden-not-carried",
        "every step starts from a hidden state of zeros. The gates see h_{t-1}, so pass h on like c.",
        lstm_step(lambda h, c: (torch.zeros_like(h), c)),
    ),
    Mistake(
        "detached-cell",
        "the outputs are right, but no gradient flows back through the cell. Do not use detach(), .data or no_grad on c.",
        lstm_step(lambda h, c: (h, c.detach())),
    ),
    Mistake(
        "detached-hidden",
        "the outputs are right, but no gradient flows back through h. Do not use detach(), .data or no_grad on it.",
        lstm_step(lambda h, c: (h.detach(), c)),
    ),
    Mistake(
        "old-cell",
        "the hidden state is computed from the cell before its update. Update c first, then h = o * tanh(c).",
        lstm_cell(lambda i, f, g, o, c: (o * torch.tanh(c), f * c + i * g)),
    ),
    Mistake(
        "squashed-cell",
        "tanh(c) replaces the cell. Only the hidden state uses tanh(c); the cell itself goes on without it.",
        lstm_cell(lambda i, f, g, o, c: (o * torch.tanh(f * c + i * g), torch.tanh(f * c + i * g))),
    ),
    Mistake(
        "logits-of-cell",
        "the logits are computed from the cell state c. Take the hidden state h.",
        variant(RightLSTM, forward=lambda self, x: self.output(self.states(x)[-1][1])),
    ),
    Mistake(
        "forget-bias-twice",
        "1 is added to the forget gate's pre-activation, although its bias is already part of b.",
        variant(RightLSTM, step=step_with_forget_bias),
    ),
]


def joined(parts):
    """A layout with one nn.Linear for x and h, in this order of its columns."""
    return lambda lab: {
        "gates.weight": torch.cat([lab[f"{part}.weight"] for part in parts], dim=1),
        "gates.bias": lab["input.bias"],
        "output.weight": lab["output.weight"],
        "output.bias": lab["output.bias"],
    }


def one_layer_per_gate(layout):
    """A layout in which each layer of another layout is cut into four, one for each gate."""

    def cut(lab):
        tensors = layout(lab)
        gates = {name: tensor for name, tensor in tensors.items() if not name.startswith("output.")}
        rows = {
            f"{name.split('.')[0]}_{gate}.{name.split('.')[1]}": block
            for name, tensor in gates.items()
            for gate, block in zip("ifgo", tensor.chunk(4))
        }
        return rows | {name: tensor for name, tensor in tensors.items() if name.startswith("output.")}

    return cut


JOINED = [joined(["input", "recurrent"]), joined(["recurrent", "input"])]
NAMES = {
    "input": "W_x W_xh W_ih i2h x2h weight_ih_l0 input_layer W_in x_proj U",
    "input.bias": "b b_h b_x b_xh bias_ih_l0",
    "recurrent": "W_h W_hh h2h weight_hh_l0 hidden_layer W_rec h_proj W",
    "output": "W_y W_hy W_out fc out head h2o readout classifier output_layer V",
    "output.bias": "b_y b_out b_hy c",
}
GATES = {"i": "input_gate", "f": "forget_gate", "g": "candidate", "o": "output_gate"}
LSTM_NAMES = NAMES | {"gates": "W linear lin gate_layer"} | {
    f"gates_{gate}": f"W_{gate} {gate} {gate}_gate gate_{gate} linear_{gate} fc_{gate} {name}" for gate, name in GATES.items()
}
LSTM_NAMES["gates_g"] += " W_c c_gate cell_gate W_c_tilde"
LSTM_NAMES |= {f"input_{gate}": f"W_x{gate} W_i{gate} x2{gate} W_{gate}x" for gate in GATES}
LSTM_NAMES |= {f"recurrent_{gate}": f"W_h{gate} U_{gate} h2{gate} W_{gate}h" for gate in GATES}

main(
    Section(
        slug="rnn",
        settings={"d_hidden": D_HIDDEN, "n_classes": N_CLASSES, "seq_len": SEQ_LEN, "seed": SEED, "learning_rate": LEARNING_RATE},  #? task=recall
        settings={"d_hidden": D_HIDDEN, "task": "lines", "data": DATA, "seed": SEED, "learning_rate": LEARNING_RATE},  #? task=lines
        optimizer=lambda model: torch.optim.Adam(model.parameters(), lr=LEARNING_RATE),
        max_norm=MAX_NORM,
        tasks=[
            Task(
                title="VanillaRNN(d_in, d_hidden, d_out)",
                arm="rnn",
                curve_title="Loss, RNN",
                build=lambda student: student.VanillaRNN(D_IN, D_HIDDEN, N_CLASSES),
                right=RightRNN,
                mistakes=RNN_MISTAKES + shared_mistakes(RightRNN),
                names=NAMES,
            ),
            Task(
                title="LSTM(d_in, d_hidden, d_out)",
                arm="lstm",
                curve_title="Loss, LSTM",
                build=lambda student: student.LSTM(D_IN, D_HIDDEN, N_CLASSES),
                right=RightLSTM,
                mistakes=LSTM_MISTAKES + shared_mistakes(RightLSTM),
                names=LSTM_NAMES,
                layouts=[*JOINED, *(one_layer_per_gate(layout) for layout in (dict, *JOINED))],
            ),
        ],
    )
)
