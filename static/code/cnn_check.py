# ---- Section cnn: a standard and a depthwise separable CNN

DATASET = "fashion-mnist"  #= dataset
IMAGE_CHANNELS = 1  #= image_channels
N_CLASSES = 10  #= n_classes
WIDTH = 8  #= width
WIDTH_SEPARABLE = 24  #= width_separable  #? compare=budget
WIDTH_SEPARABLE = WIDTH  #? compare=size
LEARNING_RATE = 0.003  #= learning_rate
SEED = 1  #= seed


class RightConvBlock(nn.Module):
    """x [batch, in_ch, h, w] -> [batch, out_ch, h, w]"""

    bias = True

    def __init__(self, in_ch, out_ch, K):
        super().__init__()
        self.conv = nn.Conv2d(in_ch, out_ch, K, padding=(K - 1) // 2, bias=self.bias)

    def convolve(self, layer, x):
        return layer(x)

    def sums(self, x):
        return self.convolve(self.conv, x)

    def activation(self, z):
        return torch.relu(z)

    def forward(self, x):
        return self.activation(self.sums(x))


class RightSeparable(RightConvBlock):
    pointwise_bias = True

    def __init__(self, in_ch, out_ch, K):
        nn.Module.__init__(self)
        self.depthwise = nn.Conv2d(in_ch, in_ch, K, padding=(K - 1) // 2, groups=in_ch, bias=self.bias)
        self.pointwise = nn.Conv2d(in_ch, out_ch, 1, bias=self.pointwise_bias)

    def sums(self, x):
        return self.convolve(self.pointwise, self.convolve(self.depthwise, x))


class RightCNN(nn.Module):
    """x [batch, IMAGE_CHANNELS, 32, 32] -> logits [batch, N_CLASSES]"""

    def __init__(self, separable, standard_block=RightConvBlock, separable_block=RightSeparable):
        super().__init__()
        w = WIDTH_SEPARABLE if separable else WIDTH
        Block = separable_block if separable else standard_block
        channels = [w, 2 * w, 4 * w, 8 * w, 8 * w]
        self.blocks = nn.ModuleList([standard_block(IMAGE_CHANNELS, w, 3)])
        self.blocks.extend(Block(c_in, c_out, 3) for c_in, c_out in zip(channels, channels[1:]))
        self.head = nn.Linear(8 * w, N_CLASSES)

    def pool(self, h):
        return F.max_pool2d(h, 2)

    def stage(self, block, h):
        return self.pool(block(h))

    def maps(self, x):
        for block in self.blocks:
            x = self.stage(block, x)
        return x

    def forward(self, x):
        return self.head(self.maps(x).flatten(1))


def variant(base, **methods):
    """Return a class that differs from its base in these methods or attributes."""
    return type("Wrong" + base.__name__, (base,), methods)


def reweighted(change):
    """Return a convolution with other weights than the layer's."""
    return lambda self, layer, x: F.conv2d(x, change(layer.weight), layer.bias, 1, layer.padding, 1, layer.groups)


def repadded(pad):
    """Return a convolution with another padding than zeros on all sides. pad(x, p) adds it."""
    return lambda self, layer, x: F.conv2d(pad(x, layer.padding[0]), layer.weight, layer.bias, groups=layer.groups)


# (id, sentence, methods of the block that differ)
BLOCK_MISTAKES = [
    (
        "no-relu",
        "there is no activation. Apply torch.relu to the output of the (last) convolution of the block.",
        {"activation": lambda self, z: z},
    ),
    (
        "relu-first",
        "the ReLU is applied to the input of the block. Apply it to the output of the (last) convolution.",
        {"forward": lambda self, x: self.sums(torch.relu(x))},
    ),
    *(
        (function.__name__, f"the activation is {function.__name__}. The blocks of this section use torch.relu.", {
            "activation": lambda self, z, function=function: function(z)
        })
        for function in (torch.sigmoid, torch.tanh, F.gelu, F.leaky_relu, F.silu)
    ),
    (
        "no-bias",
        "the convolution has no bias. Remove bias=False: z = b[o] + the sum over the kernel.",
        {"bias": False, "pointwise_bias": False},
    ),
    (
        "bias-twice",
        "the bias is added twice. nn.Conv2d and F.conv2d(x, weight, bias) already add it.",
        {"convolve": lambda self, layer, x: layer(x) + layer.bias[:, None, None]},
    ),
    (
        "no-padding",
        "there is no padding, so the maps shrink by K - 1. Pass padding=(K - 1) // 2 to nn.Conv2d.",
        {"convolve": repadded(lambda x, p: x)},
    ),
    (
        "padding-1",
        "the padding is 1 for every K. It has to be (K - 1) // 2 to keep the size of the maps.",
        {"convolve": repadded(lambda x, p: F.pad(x, 4 * [min(p, 1)]))},
    ),
    (
        "padding-too-large",
        "the padding is too large, so the maps grow by 2. Pass padding=(K - 1) // 2 to nn.Conv2d.",
        {"convolve": repadded(lambda x, p: F.pad(x, 4 * [p + min(p, 1)]))},
    ),
    (
        "padding-one-side",
        "all zeros are at the bottom and on the right. Put (K - 1) // 2 of them on every side.",
        {"convolve": repadded(lambda x, p: F.pad(x, (0, 2 * p, 0, 2 * p)))},
    ),
    (
        "padding-replicate",
        "the border repeats the outermost pixels. Pad with zeros: padding_mode='zeros'.",
        {"convolve": repadded(lambda x, p: F.pad(x, 4 * [p], mode="replicate"))},
    ),
    (
        "flipped-kernel",
        "the kernel is flipped. What neural networks call a convolution multiplies w[u, v] by x[r + u - P, c + v - P].",
        {"convolve": reweighted(lambda weight: weight.flip(2, 3))},
    ),
    (
        "transposed-kernel",
        "rows and columns are swapped, of the kernels or of the images: w[u, v] belongs to row r + u - P, column c + v - P.",
        {"convolve": reweighted(lambda weight: weight.transpose(2, 3))},
    ),
]
SEPARABLE_MISTAKES = [
    (
        "relu-between",
        "there is an additional ReLU between the two convolutions. Apply one only after the pointwise convolution.",
        {"sums": lambda self, x: self.pointwise(torch.relu(self.depthwise(x)))},
    ),
    (
        "relu-only-between",
        "the ReLU is between the two convolutions. Apply it after the pointwise one.",
        {"forward": lambda self, x: self.pointwise(torch.relu(self.depthwise(x)))},
    ),
    ("no-depthwise-bias", "the depthwise convolution has no bias. Remove bias=False there.", {"bias": False}),
    ("no-pointwise-bias", "the pointwise convolution has no bias. Remove bias=False there.", {"pointwise_bias": False}),
    (
        "bias-twice-pointwise",
        "the bias of the pointwise convolution is added twice. nn.Conv2d and F.conv2d(x, weight, bias) already add it.",
        {"sums": lambda self, x: self.pointwise(self.depthwise(x)) + self.pointwise.bias[:, None, None]},
    ),
    (
        "pointwise-padded",
        "the pointwise convolution has a padding, so the maps grow by 2. A 1 × 1 kernel needs none.",
        {"sums": lambda self, x: self.pointwise(F.pad(self.depthwise(x), (1, 1, 1, 1)))},
    ),
]


# (id, sentence, methods of the network that differ)
NETWORK_MISTAKES = [
    (
        "average-pooling",
        "the maps are averaged. Use max pooling: F.max_pool2d or nn.MaxPool2d.",
        {"pool": lambda self, h: F.avg_pool2d(h, 2)},
    ),
    (
        "stride-without-pooling",
        "a stride of 2 replaces the pooling. Keep stride 1 in the convolutions, and pool after each block.",
        {"pool": lambda self, h: h[:, :, ::2, ::2]},
    ),
    (
        "overlapping-pooling",
        "the pooling windows are 3 × 3. They are 2 × 2 with stride 2.",
        {"pool": lambda self, h: F.max_pool2d(h, 3, stride=2, padding=1)},
    ),
    (
        "pooling-first",
        "each block is preceded by its pooling. Pool after the block: max_pool2d(block(h), 2).",
        {"stage": lambda self, block, h: block(self.pool(h))},
    ),
    (
        "global-average",
        "the last maps are averaged. After the fifth block too, use 2 × 2 max pooling, which leaves one value per channel.",
        {"pool": lambda self, h: F.max_pool2d(h, 2) if h.shape[-1] > 2 else h.mean(dim=(2, 3), keepdim=True)},
    ),
    (
        "last-block-without-relu",
        "the fifth block has no ReLU. All five blocks end with one.",
        {"stage": lambda self, block, h: self.pool(block.sums(h) if h.shape[-1] == 2 else block(h))},
    ),
    (
        "relu-after-head",
        "there is a ReLU after the linear layer. Logits can be negative: return the output of the linear layer.",
        {"forward": lambda self, x: torch.relu(self.head(self.maps(x).flatten(1)))},
    ),
    (
        "softmax",
        "the outputs are probabilities. Return logits: F.cross_entropy applies the softmax itself.",
        {"forward": lambda self, x: self.head(self.maps(x).flatten(1)).softmax(dim=1)},
    ),
    (
        "softmax-over-batch",
        "the outputs are a softmax over the batch. Return logits: F.cross_entropy applies the softmax over the classes.",
        {"forward": lambda self, x: self.head(self.maps(x).flatten(1)).softmax(dim=0)},
    ),
    (
        "log-softmax",
        "the outputs are log-probabilities. Return logits: F.cross_entropy applies the log-softmax itself.",
        {"forward": lambda self, x: self.head(self.maps(x).flatten(1)).log_softmax(dim=1)},
    ),
    (
        "no-head-bias",
        "the linear layer has no bias. Remove bias=False there.",
        {"forward": lambda self, x: F.linear(self.maps(x).flatten(1), self.head.weight)},
    ),
    (
        "detached",
        "the outputs are right, but no gradient reaches the blocks. Remove detach(), .data or no_grad after them.",
        {"forward": lambda self, x: self.head(self.maps(x).flatten(1).detach())},
    ),
]


def block_mistakes(base, mistakes):
    """Return the mistakes of a block on its own."""
    return [
        Mistake(id, sentence, lambda methods=methods: variant(base, **methods)(3, 5, 5)) for id, sentence, methods in mistakes
    ]


def network_mistakes(separable):
    """Return the mistakes of a network: between its blocks, in one kind of its blocks, and in both kinds."""
    found = [
        Mistake(id, sentence, lambda methods=methods: variant(RightCNN, **methods)(separable))
        for id, sentence, methods in NETWORK_MISTAKES
    ]
    for id, sentence, methods in SEPARABLE_MISTAKES * separable + BLOCK_MISTAKES:
        standard, depthwise_separable = variant(RightConvBlock, **methods), variant(RightSeparable, **methods)
        kinds = [(RightConvBlock, depthwise_separable)] * separable
        if (id, sentence, methods) in BLOCK_MISTAKES:
            kinds += [(standard, RightSeparable), (standard, depthwise_separable)][: 1 + separable]
        found += [Mistake(id, sentence, lambda blocks=blocks: RightCNN(separable, *blocks)) for blocks in kinds]
    return found


def linear_pointwise(lab):
    """A layout with an nn.Linear over the channels instead of each 1 × 1 convolution."""
    return {name: tensor[:, :, 0, 0] if name.endswith("pointwise.weight") else tensor for name, tensor in lab.items()}


NAMES = {
    "conv": "conv1 conv2d convolution layer",
    "depthwise": "dw depth spatial dw_conv conv_dw depthwise_conv depth_conv",
    "pointwise": "pw point channel pw_conv conv_pw pointwise_conv point_conv",
    "head": "fc classifier linear out output output_layer fc1",
}


def block_task(title, right, mistakes, build, layouts):
    return Task(
        title=title,
        batch=lambda: {"x": torch.randn(2, 3, 8, 9)},
        loss=weighted_sum,
        build=build,
        right=lambda: right(3, 5, 5),
        mistakes=block_mistakes(right, mistakes),
        names=NAMES,
        layouts=layouts,
    )


def network_task(arm, name, separable, width):
    return Task(
        title=f"CNN(in_ch, width, n_classes, separable={separable})",
        arm=arm,
        curve_title=f"Loss, {name}",
        build=lambda student: student.CNN(IMAGE_CHANNELS, width, N_CLASSES, separable=separable),
        right=lambda: RightCNN(separable),
        mistakes=network_mistakes(separable),
        names=NAMES,
        layouts=[linear_pointwise] if separable else [],
    )


main(
    Section(
        slug="cnn",
        settings={"dataset": DATASET, "width": WIDTH, "learning_rate": LEARNING_RATE, "seed": SEED},
        optimizer=lambda model: torch.optim.Adam(model.parameters(), lr=LEARNING_RATE),
        tasks=[
            block_task(
                "ConvBlock(in_ch, out_ch, K)",
                RightConvBlock,
                BLOCK_MISTAKES,
                lambda student: student.ConvBlock(3, 5, 5),
                [],
            ),
            block_task(
                "DepthwiseSeparable(in_ch, out_ch, K)",
                RightSeparable,
                SEPARABLE_MISTAKES + BLOCK_MISTAKES,
                lambda student: student.DepthwiseSeparable(3, 5, 5),
                [linear_pointwise],
            ),
            network_task("conv", "standard", separable=False, width=WIDTH),
            network_task("separable", "separable", separable=True, width=WIDTH_SEPARABLE),
        ],
    )
)
