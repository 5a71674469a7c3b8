# ---- Section mlp: a multilayer perceptron, with and without a non-linearity

DATASET = "spirals"  #= dataset
FEATURES = 2  #= features
HIDDEN_DIMS = [32, 32, 32]  #= hidden_dims
CLASSES = 2  #= classes
BIAS = True  #= bias
ACTIVATION = "relu"  #= activation
OPTIMIZER = "adam"  #= optimizer
LEARNING_RATE = 0.01  #= learning_rate
BATCH_SIZE = 64  #= batch_size
WEIGHT_DECAY = 0.0  #= weight_decay
REGRESSION = False  #= regression
SEED = 1  #= seed
DEPTH = len(HIDDEN_DIMS)
# The set-up file must have been written for these settings.
SETTINGS = {"dataset": DATASET, "bias": BIAS, "activation": ACTIVATION, "optimizer": OPTIMIZER, "seed": SEED}
SETTINGS |= {"learning_rate": LEARNING_RATE, "batch_size": BATCH_SIZE}
SETTINGS["weight_decay"] = WEIGHT_DECAY
SETTINGS["points"] = ""  #= points
SETTINGS["data"] = ""  #= data
SETTINGS["depth"] = 3  #= depth
SETTINGS["width"] = 32  #= width
SETTINGS["hidden"] = []  #= hidden

ACTIVATIONS = {
    "relu": torch.relu,
    "gelu": F.gelu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": lambda z: z,
}
OPTIMIZERS = {
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8),
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=LEARNING_RATE, momentum=0.9),
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=LEARNING_RATE),
}


def squared_error(output, batch):
    """Mean of (output - y)^2."""
    return (output - batch["y"]).square().mean()


def optimizer(model):
    """Return the lab's optimizer. Gradients get the part of L2 weight decay, WEIGHT_DECAY times the weight."""
    for parameter in model.parameters() if WEIGHT_DECAY else []:
        if parameter.dim() > 1 and not getattr(parameter, "is_decayed", False):
            parameter.is_decayed = True
            parameter.register_hook(lambda gradient, weight=parameter: gradient + WEIGHT_DECAY * weight.detach())
    return OPTIMIZERS[OPTIMIZER](model.parameters())


class Activation(nn.Module):
    """The activation that your MLP gets. f(z) applies it; f() returns it, for code that expects a class such as nn.ReLU."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def forward(self, z=None):
        return self if z is None else ACTIVATIONS[self.name](z)


class RightMLP(nn.Module):
    """h_0 = x, h_l = f(h_{l-1} W_l^T + b_l), and logits from the last layer without f. x [batch, d_in]."""

    def __init__(self, f, bias=BIAS):
        super().__init__()
        dims = [FEATURES, *HIDDEN_DIMS, CLASSES]
        self.layers = nn.ModuleList(nn.Linear(n, m, bias=bias) for n, m in zip(dims, dims[1:]))
        self.f = f

    def affine(self, l, h):
        return self.layers[l](h)

    def forward(self, x):
        h = x
        for l in range(DEPTH):
            h = self.f(self.affine(l, h))
        return self.affine(DEPTH, h)


# Every mistake is a change of one method of RightMLP.


def forward_without_activation(self, x):
    for l in range(DEPTH + 1):
        x = self.affine(l, x)
    return x


def forward_with_activation_everywhere(self, x):
    return self.f(RightMLP.forward(self, x))


def forward_with_activation_first(self, x):
    for l in range(DEPTH + 1):
        x = self.affine(l, self.f(x))
    return x


def forward_with_one_activation(self, x):
    x = self.f(self.affine(0, x))
    for l in range(1, DEPTH + 1):
        x = self.affine(l, x)
    return x


def forward_without_last_activation(self, x):
    for l in range(DEPTH - 1):
        x = self.f(self.affine(l, x))
    return self.affine(DEPTH, self.affine(DEPTH - 1, x))


def forward_with_activation_twice(self, x):
    for l in range(DEPTH):
        x = self.f(self.f(self.affine(l, x)))
    return self.affine(DEPTH, x)


def forward_without_last_hidden_layer(self, x):
    for l in range(DEPTH - 1):
        x = self.f(self.affine(l, x))
    return self.affine(DEPTH, x)


def forward_with_first_hidden_layer_only(self, x):
    return self.affine(DEPTH, self.f(self.affine(0, x)))


def forward_with_shortcuts(self, x):
    for l in range(DEPTH):
        h = self.f(self.affine(l, x))
        x = x + h if x.shape == h.shape else h
    return self.affine(DEPTH, x)


def forward_with_bias_last(self, x):
    for l in range(DEPTH):
        x = self.f(F.linear(x, self.layers[l].weight)) + self.layers[l].bias
    return self.affine(DEPTH, x)


def affine_shared(self, l, h):
    # Layers of the same shape are one object.
    shapes = [layer.weight.shape for layer in self.layers]
    return self.layers[shapes.index(shapes[l])](h)


def affine_transposed(self, l, h):
    weight = self.layers[l].weight
    return F.linear(h, weight.t() if weight.shape[0] == weight.shape[1] else weight, self.layers[l].bias)


def affine_detached(self, l, h):
    return self.layers[l](h.detach())


def affine_with_two_biases(self, l, h):
    return self.layers[l](h) + self.layers[l].bias


def mistakes(name):
    """Return the usual mistakes of a network with this activation."""

    def variant(**methods):
        return lambda: type("WrongMLP", (RightMLP,), methods)(Activation(name))

    def output(change):
        return changed(lambda: RightMLP(Activation(name)), change)

    def without_biases(layers):
        def build():
            model = RightMLP(Activation(name))
            for layer in model.layers[layers]:
                layer.bias = None
            return model

        return build

    def with_second_biases():
        model = RightMLP(Activation(name))
        model.second = nn.ParameterList(nn.Parameter(torch.zeros_like(layer.bias)) for layer in model.layers)
        model.affine = lambda l, h: model.layers[l](h) + model.second[l]
        return model

    def hard_coded(other):
        return Mistake(
            f"activation-{other}",
            {
                "identity": "there is no activation function, so all layers together are one affine function. Apply activation "
                "to the output of every hidden layer.",
                "gelu-tanh": "GELU is computed by the tanh approximation. The lab uses z Phi(z) with the exact Phi: "
                "F.gelu(z) without approximate='tanh'.",
            }.get(other, f"the hidden layers use {other}, whatever activation is. Apply the function that MLP is given."),
            variant(forward=forward_without_activation) if other == "identity" else lambda: RightMLP(Activation(other)),
        )

    ACTIVATIONS.setdefault("leaky-relu", F.leaky_relu)
    ACTIVATIONS.setdefault("gelu-tanh", lambda z: F.gelu(z, approximate="tanh"))
    found = [hard_coded(other) for other in ACTIVATIONS if other != name]
    if name != "identity":
        found += [
            Mistake(
                "activation-last",
                "the activation is also applied after the last layer. Logits can have any value: return layers[-1](h) itself.",
                variant(forward=forward_with_activation_everywhere),
            ),
            Mistake(
                "activation-first",
                "the activation comes before each layer, so it changes the input x. Apply it after: h = activation(layer(h)).",
                variant(forward=forward_with_activation_first),
            ),
            Mistake(
                "activation-once",
                "only the first hidden layer has an activation, so the layers after it collapse to one. Apply it in the loop.",
                variant(forward=forward_with_one_activation),
            ),
            Mistake(
                "activation-missing-last",
                "the last hidden layer has no activation. Look at the end of the loop over the hidden layers.",
                variant(forward=forward_without_last_activation),
            ),
            Mistake(
                "activation-twice",  # unnoticed with ReLU
                "the activation is applied twice in every hidden layer. Look for a layer that already includes it.",
                variant(forward=forward_with_activation_twice),
            ),
        ]
        if BIAS:
            found.append(
                Mistake(
                    "bias-after-activation",
                    "the bias is added after the activation: f(h W^T) + b. It belongs inside: f(h W^T + b).",
                    variant(forward=forward_with_bias_last),
                )
            )
    found += [
        Mistake(
            "softmax",
            "the outputs are probabilities. Return logits: the cross-entropy applies the softmax itself.",
            output(lambda logits: logits.softmax(dim=1)),
        ),
        Mistake(
            "softmax-over-batch",
            "there is a softmax over the batch (dim=0). Return logits: the cross-entropy applies the softmax, over the classes.",
            output(lambda logits: logits.softmax(dim=0)),
        ),
        Mistake(
            "log-softmax",
            "the outputs are log-probabilities. The loss is the same, but MLP returns logits: leave log_softmax to the loss.",
            output(lambda logits: logits.log_softmax(dim=1)),
        ),
        Mistake(
            "sigmoid-last",
            "there is a sigmoid after the last layer. Return logits: the cross-entropy applies the softmax itself.",
            output(torch.sigmoid),
        ),
        Mistake(
            "layer-missing",
            "one hidden layer is missing. There is one for each entry of hidden_dims; look at the range of the loop.",
            variant(forward=forward_without_last_hidden_layer),
        ),
        Mistake(
            "layers-unused",
            "only the first hidden layer is used. h = layer(h), not layer(x), in a loop over all of them.",
            variant(forward=forward_with_first_hidden_layer_only),
        ),
        Mistake(
            "layers-shared",
            "several hidden layers are the same object, so they share their weights. [nn.Linear(...)] * n repeats one layer; "
            "create a new one for each entry of hidden_dims.",
            variant(affine=affine_shared),
        ),
        Mistake(
            "shortcuts",
            "the input of a hidden layer is added to its output. That is a residual network; here, h = activation(layer(h)).",
            variant(forward=forward_with_shortcuts),
        ),
        Mistake(
            "transposed",
            "square weights are transposed. nn.Linear has W [outputs, inputs] and computes h @ W.T; with W [inputs, outputs] it "
            "is h @ W.",
            variant(affine=affine_transposed),
        ),
        Mistake(
            "detached",
            "the outputs are right, but only the last layer gets a gradient. Do not use detach(), .data or no_grad on h.",
            variant(affine=affine_detached),
        ),
    ]
    if BIAS:
        found += [
            Mistake(
                "bias-twice",
                "every bias is added twice. nn.Linear already adds it: leave out + layer.bias.",
                variant(affine=affine_with_two_biases),
            ),
            Mistake(
                "two-biases",
                "every layer has two biases. They only add up: nn.Linear already has one, so leave out the other.",
                with_second_biases,
            ),
            Mistake("bias-missing", "the layers have no biases. Remove bias=False.", without_biases(slice(None))),
            Mistake(
                "bias-missing-last",
                "the last layer has no bias. Remove bias=False there.",
                without_biases(slice(DEPTH, None)),
            ),
            Mistake(
                "bias-missing-hidden",
                "the hidden layers have no biases. Remove bias=False there.",
                without_biases(slice(DEPTH)),
            ),
        ]
    else:
        found.append(
            Mistake(
                "bias-added",
                "the layers have biases. The network on the page has none: use nn.Linear(..., bias=False).",
                lambda: RightMLP(Activation(name), bias=True),
            )
        )
    of_classes = ("softmax", "softmax-over-batch", "log-softmax", "sigmoid-last")
    return [mistake for mistake in found if not (REGRESSION and mistake.id in of_classes)]


match_by_name = match


def match(student, lab, names):
    """Match the layers in their order: their numbers have gaps if activations are in the same nn.Sequential.

    Weights may be [inputs, outputs], but then all of them are.
    """

    def of_rank(tensors, rank):
        return {name: tuple(tensor.shape) for name, tensor in tensors.items() if tensor.dim() == rank}

    ours, labs = of_rank(student, 2), of_rank(lab, 2)
    flips = [flip for flip in (False, True) if [s[:: -1 if flip else 1] for s in ours.values()] == list(labs.values())]
    if not flips:
        return match_by_name(student, lab, names)
    # "name": not worth a line of the output.
    pairs = {mine: (other, flips[0], "order" if flips[0] else "name") for mine, other in zip(ours, labs)}
    biases, lab_biases = of_rank(student, 1), of_rank(lab, 1)
    if list(biases.values()) == list(lab_biases.values()):
        return pairs | {mine: (other, False, "name") for mine, other in zip(biases, lab_biases)}
    # Some layers have no bias, or more than one: a bias belongs to the weight of the same layer.
    for weight, (other, _, _) in list(pairs.items()):
        mine, other = (f"{name.rpartition('.')[0]}.bias" for name in (weight, other))
        if mine in biases and other in lab_biases:
            pairs[mine] = (other, False, "name")
    return pairs


def task(arm, name, title):
    words = "activation" if name != "identity" else "identity"
    return Task(
        title=f"MLP(d_in, hidden_dims, d_out, {words}){'' if BIAS else ' without biases'}: {title} network",
        arm=arm,
        curve_title=f"Loss, {title}",
        build=lambda student: student.MLP(FEATURES, list(HIDDEN_DIMS), CLASSES, Activation(name)),
        right=lambda: RightMLP(Activation(name)),
        mistakes=mistakes(name),
        loss=squared_error if REGRESSION else cross_entropy,
    )


main(
    Section(
        slug="mlp",
        settings=SETTINGS,
        optimizer=optimizer,
        tasks=[task("linear", "identity", "linear"), task("activated", ACTIVATION, "non-linear")],
    )
)
