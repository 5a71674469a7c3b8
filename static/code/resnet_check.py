# ---- Section resnet: a plain and a residual network with the same layers

CHANNELS_IN = 1  #= channels_in
CHANNELS = 4  #= channels
BLOCKS_PER_STAGE = 3  #= blocks_per_stage
N_CLASSES = 10  #= n_classes
LEARNING_RATE = 0.003  #= learning_rate
SEED = 1  #= seed
DEPTH = 20  #= depth
BLOCK = "basic"  #= block
SHORTCUT = "b"  #= shortcut
ORDER = "post"  #= order
BATCH_NORM = False  #= batch_norm
OPTIMIZER = "adam"  #= optimizer
BLOCK_NAME = {"basic": "BasicBlock", "bottleneck": "Bottleneck"}[BLOCK]


def conv(in_ch, out_ch, k, stride=1):
    return nn.Conv2d(in_ch, out_ch, k, stride, padding=k // 2, bias=not BATCH_NORM)


class RightBlock(nn.Module):
    """h -> relu(s(h) + F(h)), or s(h) + F(h) with pre-activation. A plain block has no s."""

    kernels = {"basic": (3, 3), "bottleneck": (1, 3, 1)}[BLOCK]
    expansion = {"basic": 1, "bottleneck": 4}[BLOCK]
    strided = {"basic": 1, "bottleneck": 2}[BLOCK]  # the number of the convolution with the stride

    def __init__(self, in_ch, channels, stride, residual=True):
        super().__init__()
        self.n, out_ch = len(self.kernels), channels * self.expansion
        widths = [in_ch, *[channels] * (self.n - 1), out_ch]
        for n, k in enumerate(self.kernels, start=1):
            setattr(self, f"conv{n}", conv(widths[n - 1], widths[n], k, stride if n == self.strided else 1))
            if BATCH_NORM:
                setattr(self, f"bn{n}", nn.BatchNorm2d(widths[n - (ORDER == "pre")]))
        self.residual, self.stride, self.new_channels = residual, stride, out_ch - in_ch
        changes = stride != 1 or in_ch != out_ch
        if residual and {"a": False, "b": changes, "c": True}[SHORTCUT]:
            self.projection = conv(in_ch, out_ch, 1, stride)
            if BATCH_NORM and ORDER == "post":
                self.projection_bn = nn.BatchNorm2d(out_ch)

    def norm(self, n, h):
        """Batch norm number n, or that of the projection."""
        name = f"bn{n}" if n != "projection" else "projection_bn"
        return self.normalize(getattr(self, name), h) if hasattr(self, name) else h

    def normalize(self, bn, h):
        return bn(h)

    def activate(self, n, h):
        """What is applied to the output (with pre-activation: to the input) of convolution n, which includes batch norm."""
        h = self.norm(n, h)
        return h if ORDER == "post" and n == self.n else torch.relu(h)

    def branch(self, h):
        for n in range(1, self.n + 1):
            layer = getattr(self, f"conv{n}")
            h = self.activate(n, layer(h)) if ORDER == "post" else layer(self.activate(n, h))
        return h

    def projected(self, h):
        """The input of the projection."""
        return h if ORDER == "post" else torch.relu(self.norm(1, h))

    def shortcut(self, h):
        if hasattr(self, "projection"):
            return self.norm("projection", self.projection(self.projected(h)))
        return self.append(h[:, :, :: self.stride, :: self.stride])

    def append(self, h):
        """Channels of zeros after those of h, where the number of channels changes."""
        return F.pad(h, (0, 0, 0, 0, 0, self.new_channels))

    def total(self, h):
        return self.branch(h) + self.shortcut(h) if self.residual else self.branch(h)

    def forward(self, h):
        return torch.relu(self.total(h)) if ORDER == "post" else self.total(h)


class RightResNet(nn.Module):
    """Images [batch, channels, side, side] -> logits [batch, n_classes]."""

    strides = (1, 2, 2)

    def __init__(self, residual, Block=RightBlock):
        super().__init__()
        self.conv1 = conv(CHANNELS_IN, CHANNELS, 3)
        if BATCH_NORM and ORDER == "post":
            self.bn1 = nn.BatchNorm2d(CHANNELS)
        blocks, in_ch = [], CHANNELS
        for stage, stride in enumerate(self.strides):
            for block in range(BLOCKS_PER_STAGE):
                blocks.append(Block(in_ch, CHANNELS << stage, stride if block == 0 else 1, residual))
                in_ch = (CHANNELS << stage) * Block.expansion
        self.blocks = nn.Sequential(*blocks)
        if BATCH_NORM and ORDER == "pre":
            self.last_norm = nn.BatchNorm2d(in_ch)
        self.head = nn.Linear(in_ch, N_CLASSES)

    def norm(self, name, h):
        return self.blocks[0].normalize(getattr(self, name), h) if hasattr(self, name) else h

    def stem(self, x):
        h = self.norm("bn1", self.conv1(x))
        return torch.relu(h) if ORDER == "post" else h

    def last(self, h):
        return torch.relu(self.norm("last_norm", h)) if ORDER == "pre" else h

    def pool(self, h):
        return h.mean(dim=(2, 3))

    def forward(self, x):
        return self.head(self.pool(self.last(self.blocks(self.stem(x)))))


def variant(base, **methods):
    """Return a class that differs from its base in these methods or attributes."""
    return type("Wrong" + base.__name__, (base,), methods)


# ---- Mistakes in the block


def wrong_block(**methods):
    return variant(RightBlock, **methods)


def with_normalize(function):
    """A block whose batch norm is a function of the module and its input."""
    return wrong_block(normalize=lambda self, bn, h: function(bn, h))


def scaled(bn, h):
    """gamma h + beta"""
    return h * bn.weight[:, None, None] + bn.bias[:, None, None]


def normalized_over(*axes, **options):
    """Batch norm with mean and variance over other axes."""

    def normalize(bn, h):
        variance = h.var(dim=axes, keepdim=True, correction=options.get("correction", 0))
        return scaled(bn, (h - h.mean(dim=axes, keepdim=True)) / (variance + options.get("eps", bn.eps)).sqrt())

    return with_normalize(normalize)


def shared_norm(self, n, h):
    return RightBlock.norm(self, 2 if n == 1 and self.bn1.weight.shape == self.bn2.weight.shape else n, h)


def changed_block(change):
    """A block with other layers: `change` gets every layer, and the block itself."""

    def build(self, *args, **options):
        RightBlock.__init__(self, *args, **options)
        for module in list(self.modules()):
            change(module)

    return wrong_block(__init__=build)


def remove_bias(*kernel_sizes):
    def change(module):
        if isinstance(module, nn.Conv2d) and module.kernel_size[0] in kernel_sizes:
            module.bias = None

    return change


def add_bias(module):
    if isinstance(module, nn.Conv2d):
        module.bias = nn.Parameter(torch.zeros(module.out_channels))


def remove(*names):
    def change(module):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)

    return change


def without_relu(number):
    """A block without ReLU after (with pre-activation: before) one of its convolutions."""
    return wrong_block(activate=lambda self, n, h: self.norm(n, h) if n == number else RightBlock.activate(self, n, h))


BLOCK_MISTAKES = [
    (
        "no-shortcut",
        "the shortcut is not added: the residual block is a plain one. Add s(h) to F(h).",
        wrong_block(total=lambda self, h: self.branch(h)),
    ),
    (
        "averaged",
        "the sum of branch and shortcut is divided by 2. Just add them.",
        wrong_block(total=lambda self, h: RightBlock.total(self, h) / (2 if self.residual else 1)),
    ),
    (
        "difference",
        "the shortcut is subtracted from the branch. The sum is F(h) + s(h).",
        wrong_block(total=lambda self, h: self.branch(h) - self.shortcut(h) if self.residual else self.branch(h)),
    ),
    (
        "product",
        "branch and shortcut are multiplied. The sum is F(h) + s(h).",
        wrong_block(total=lambda self, h: self.branch(h) * self.shortcut(h) if self.residual else self.branch(h)),
    ),
    (
        "shortcut-twice",
        "the shortcut is added twice. The output of a block is one sum of F(h) and s(h).",
        wrong_block(total=lambda self, h: RightBlock.total(self, h) + (self.shortcut(h) if self.residual else 0)),
    ),
    (
        "detached-shortcut",
        "the outputs are right, but no gradient flows back through the shortcut. Do not use detach(), .data or no_grad on h.",
        wrong_block(shortcut=lambda self, h: RightBlock.shortcut(self, h).detach()),
    ),
    (
        "detached-branch",
        "the outputs are right, but no gradient flows back through F. Do not use detach(), .data or no_grad on h.",
        wrong_block(branch=lambda self, h: RightBlock.branch(self, h.detach())),
    ),
    (
        "inner-relu-missing",
        "there is no ReLU between the convolutions of F. Two convolutions in a row are one linear map.",
        wrong_block(activate=lambda self, n, h: self.norm(n, h) if n < self.n else RightBlock.activate(self, n, h)),  #? order=post
        wrong_block(activate=lambda self, n, h: self.norm(n, h) if n > 1 else RightBlock.activate(self, n, h)),  #? order=pre
    ),
    (
        "kernel-flipped",
        "the kernels are flipped. nn.Conv2d and the lab do not flip them: y[r, c] is a sum of w[u, v] x[r + u, c + v].",
        wrong_block(
            branch=lambda self, h: RightBlock.branch(
                Replaced(self, **{f"conv{n}": flipped(getattr(self, f"conv{n}")) for n in range(1, self.n + 1)}), h
            )
        ),
    ),
#{ order=post
    (
        "relu-before-sum",
        "the sum follows the last ReLU: s(h) + relu(F(h)). The output is relu(s(h) + F(h)).",
        wrong_block(
            total=lambda self, h: torch.relu(self.branch(h)) + (self.shortcut(h) if self.residual else 0),
            forward=lambda self, h: self.total(h),
        ),
    ),
    (
        "relu-before-and-after-sum",
        "ReLU is applied to F(h) before the sum, so a block can only add. F has no ReLU after its last convolution.",
        wrong_block(total=lambda self, h: torch.relu(self.branch(h)) + (self.shortcut(h) if self.residual else 0)),
    ),
    (
        "relu-of-shortcut",
        "ReLU is applied to the shortcut. Only the sum has a ReLU: relu(s(h) + F(h)).",
        wrong_block(shortcut=lambda self, h: torch.relu(RightBlock.shortcut(self, h))),
    ),
    (
        "last-relu-missing",
        "there is no ReLU after the sum. The output is relu(s(h) + F(h)).",
        wrong_block(forward=lambda self, h: self.total(h)),
    ),
#{ !batch_norm
    (
        "pre-activation",
        "ReLU comes before the convolutions. On this page it comes after them, and after the sum: relu(s(h) + F(h)).",
        wrong_block(branch=lambda self, h: pre_branch(self, h), forward=lambda self, h: self.total(h)),
    ),
#}
#}
#{ order=pre
    (
        "relu-after-sum",
        "ReLU is applied to the sum. With pre-activation nothing follows the sum: the output is s(h) + F(h).",
        wrong_block(forward=lambda self, h: torch.relu(self.total(h))),
    ),
    (
        "first-relu-missing",
        "there is no ReLU before the first convolution. Each convolution of F has one: conv(relu(h)).",
        wrong_block(
            activate=lambda self, n, h: self.norm(n, h) if n == 1 else torch.relu(self.norm(n, h)),
            projected=lambda self, h: self.norm(1, h),
        ),
    ),
    (
        "shortcut-of-pre-activation",
        "the shortcut starts after the first ReLU. An identity takes h itself; only a projection takes relu(h).",  #? !batch_norm
        "the shortcut starts after the first ReLU. An identity takes h itself; only a projection takes relu(BN(h)).",  #? batch_norm
        wrong_block(
            shortcut=lambda self, h: RightBlock.shortcut(self, h)
            if hasattr(self, "projection")
            else RightBlock.shortcut(self, torch.relu(self.norm(1, h)))
        ),
    ),
#{ !batch_norm
    (
        "post-activation",
        "ReLU comes after the convolutions. This page has pre-activation: ReLU, convolution, and nothing after the sum.",
        wrong_block(branch=lambda self, h: post_branch(self, h), forward=lambda self, h: torch.relu(self.total(h))),
    ),
#}
    (
        "projection-of-input",
        "the projection takes h itself. It takes the pre-activation, as the first convolution does.",
        wrong_block(projected=lambda self, h: h),
    ),
#}
#{ block=basic
    (
        "stride-in-second",
        "the second convolution has the stride. The first one has it, so that the second one works on the smaller image.",
        wrong_block(strided=2),
    ),
#}
#{ block=bottleneck
    (
        "stride-in-first",
        "the first 1 x 1 convolution has the stride, as in the paper. On this page the 3 x 3 convolution has it, as in torchvision.",
        wrong_block(strided=1),
    ),
    (
        "stride-in-last",
        "the last 1 x 1 convolution has the stride. The 3 x 3 convolution has it.",
        wrong_block(strided=3),
    ),
    (
        "relu-missing-before-3x3",
        "there is no ReLU between the first 1 x 1 convolution and the 3 x 3 convolution.",
        without_relu(1),  #? order=post
        without_relu(2),  #? order=pre
    ),
    (
        "relu-missing-after-3x3",
        "there is no ReLU between the 3 x 3 convolution and the last 1 x 1 convolution.",
        without_relu(2),  #? order=post
        without_relu(3),  #? order=pre
    ),
#}
#{ shortcut=a
    (
        "zeros-in-front",
        "the channels of zeros come before those of h. They are appended after them.",
        wrong_block(append=lambda self, h: F.pad(h, (0, 0, 0, 0, self.new_channels, 0))),
    ),
    (
        "zeros-on-both-sides",
        "half of the channels of zeros come before those of h. All of them are appended after them.",
        wrong_block(
            append=lambda self, h: F.pad(
                h, (0, 0, 0, 0, self.new_channels // 2, self.new_channels - self.new_channels // 2)
            )
        ),
    ),
    (
        "average-pooling",
        "the shortcut averages 2 x 2 pixels. Option A skips pixels: h[:, :, ::2, ::2].",
        wrong_block(shortcut=lambda self, h: self.append(F.avg_pool2d(h, self.stride))),
    ),
    (
        "max-pooling",
        "the shortcut takes the maximum of 2 x 2 pixels. Option A skips pixels: h[:, :, ::2, ::2].",
        wrong_block(shortcut=lambda self, h: self.append(F.max_pool2d(h, self.stride))),
    ),
    (
        "odd-pixels",
        "the shortcut keeps the second of two pixels. Option A keeps the first: h[:, :, ::2, ::2].",
        wrong_block(shortcut=lambda self, h: self.append(h[:, :, self.stride - 1 :: self.stride, self.stride - 1 :: self.stride])),
    ),
    (
        "channels-repeated",
        "the new channels repeat those of h. Option A appends channels of zeros.",
        wrong_block(append=lambda self, h: torch.cat([h] * ((h.shape[1] + self.new_channels) // h.shape[1]), dim=1)),
    ),
#}
#{ shortcut=b|c
    (
        "zero-padding",
        "the shortcut pads with zeros (option A). This page has a 1 x 1 convolution where the shape changes (option B).",  #? shortcut=b
        "the shortcut pads with zeros (option A). This page has a 1 x 1 convolution in every block (option C).",  #? shortcut=c
        changed_block(remove("projection", "projection_bn")),
    ),
#}
#{ batch_norm
    (
        "eval-mode",
        "batch norm uses its running statistics. In training it uses those of the batch: do not call eval(), and leave "
        "training=True if you call F.batch_norm.",
        with_normalize(lambda bn, h: scaled(bn, (h - bn.running_mean[:, None, None]) / (bn.running_var[:, None, None] + bn.eps).sqrt())),
    ),
    (
        "norm-per-image",
        "mean and variance are those of each image. Batch norm takes them over the batch, too: over the axes 0, 2 and 3.",
        normalized_over(2, 3),
    ),
    (
        "norm-per-position",
        "mean and variance are those of each position. Batch norm takes them over height and width, too: over the axes 0, 2 and 3.",
        normalized_over(0),
    ),
    (
        "norm-over-channels",
        "mean and variance include the channels, as in a layer norm. Each channel has its own: take the axes 0, 2 and 3.",
        normalized_over(1, 2, 3),
    ),
    (
        "norm-over-everything",
        "mean and variance include the channels. Each channel has its own: take the axes 0, 2 and 3.",
        normalized_over(0, 1, 2, 3),
    ),
    (
        "unbiased-variance",
        "the variance is divided by n - 1. Batch norm divides by n: var(..., correction=0).",
        normalized_over(0, 2, 3, correction=1),
    ),
    (
        "variance-for-deviation",
        "the input is divided by the variance. Divide by its root, the standard deviation.",
        with_normalize(
            lambda bn, h: scaled(
                bn, (h - h.mean((0, 2, 3), keepdim=True)) / (h.var((0, 2, 3), keepdim=True, correction=0) + bn.eps)
            )
        ),
    ),
    (
        "norm-missing",
        "there is no batch norm after the convolutions of a block.",  #? order=post
        "there is no batch norm before the convolutions of a block.",  #? order=pre
        changed_block(remove("bn1", "bn2", "bn3")),
    ),
#{ order=post shortcut=b|c
    (
        "norm-missing",
        "there is no batch norm in the blocks. Each convolution is followed by one.",
        changed_block(remove("bn1", "bn2", "bn3", "projection_bn")),
    ),
#}
    (
        "convolution-bias",
        "the convolutions have biases, which batch norm subtracts again. Give them bias=False.",
        changed_block(add_bias),
    ),
    (
        "relu-before-norm",
        "ReLU comes before batch norm. The order is convolution, batch norm, ReLU.",  #? order=post
        "ReLU comes before batch norm. The order is batch norm, ReLU, convolution.",  #? order=pre
        wrong_block(activate=lambda self, n, h: self.norm(n, torch.relu(h)) if ORDER == "pre" or n < self.n else self.norm(n, h)),
    ),
    (
        "shared-norm",
        "bn2 is used twice, and bn1 not at all. Each convolution has a batch norm of its own.",
        wrong_block(norm=shared_norm),
    ),
#{ order=post shortcut=b|c
    (
        "projection-norm-missing",
        "the projection has no batch norm. On this page every convolution has one.",
        changed_block(remove("projection_bn")),
    ),
#}
#}
#{ !batch_norm
    (
        "bias-missing",
        "the convolutions of a block have no biases. Without batch norm nothing else shifts a channel: remove bias=False.",
        changed_block(remove_bias(1, 3)),
    ),
#{ block=basic shortcut=b|c
    (
        "bias-missing",
        "the 3 x 3 convolutions have no biases. Without batch norm nothing else shifts a channel: remove bias=False.",
        changed_block(remove_bias(3)),
    ),
    (
        "projection-bias-missing",
        "the projection has no bias. On this page every convolution has one: remove bias=False.",
        changed_block(remove_bias(1)),
    ),
#}
#}
]


class Replaced:
    """A block some of whose layers are replaced."""

    def __init__(self, block, **layers):
        self.__dict__.update(layers, block=block)

    def __getattr__(self, name):
        return getattr(self.block, name)


def flipped(layer):
    return lambda h: F.conv2d(h, layer.weight.flip(2, 3), layer.bias, layer.stride, layer.padding)


def pre_branch(self, h):
    for n in range(1, self.n + 1):
        h = getattr(self, f"conv{n}")(torch.relu(self.norm(n, h)))
    return h


def post_branch(self, h):
    for n in range(1, self.n + 1):
        h = self.norm(n, getattr(self, f"conv{n}")(h))
        h = torch.relu(h) if n < self.n else h
    return h


# ---- Mistakes in the network


def without_norms(self, residual, Block):
    RightResNet.__init__(self, residual, changed_block(remove("bn1", "bn2", "bn3", "projection_bn")))
    for name in ("bn1", "last_norm"):
        if hasattr(self, name):
            delattr(self, name)


NETWORK_MISTAKES = [
#{ batch_norm
    (
        "norm-missing",
        "there is no batch norm in the network. Each convolution is followed by one.",  #? order=post
        "there is no batch norm in the network. Each convolution of a block follows one.",  #? order=pre
        dict(__init__=without_norms),
    ),
#}
    (
        "softmax",
        "the outputs are probabilities. Return logits: the cross-entropy applies the softmax itself.",
        dict(forward=lambda self, x: RightResNet.forward(self, x).softmax(dim=-1)),
    ),
    (
        "log-softmax",
        "the outputs are log-probabilities. Return logits: the cross-entropy applies the softmax itself.",
        dict(forward=lambda self, x: RightResNet.forward(self, x).log_softmax(dim=-1)),
    ),
    (
        "relu-after-head",
        "there is a ReLU after the last layer. Logits can be negative.",
        dict(forward=lambda self, x: torch.relu(RightResNet.forward(self, x))),
    ),
    (
        "max-pooling-at-end",
        "the last pooling takes the maximum over height and width. Take the mean.",
        dict(pool=lambda self, h: h.amax(dim=(2, 3))),
    ),
    (
        "sum-pooling",
        "the last pooling takes the sum over height and width. Take the mean.",
        dict(pool=lambda self, h: h.sum(dim=(2, 3))),
    ),
    (
        "stride-missing",
        "the second and the third stage do not halve the image. Their first blocks have a stride of 2.",
        dict(strides=(1, 1, 1)),
    ),
    (
        "stride-in-first-stage",
        "the first stage halves the image. Only the second and the third stage start with a stride of 2.",
        dict(strides=(2, 2, 2)),
    ),
#{ order=post
    (
        "stem-relu-missing",
        "there is no ReLU after the first convolution. It is followed by batch norm and ReLU.",  #? batch_norm
        "there is no ReLU after the first convolution. It is followed by ReLU.",  #? !batch_norm
        dict(stem=lambda self, x: self.norm("bn1", self.conv1(x))),
    ),
#{ batch_norm
    (
        "stem-norm-missing",
        "there is no batch norm after the first convolution of the network.",
        dict(stem=lambda self, x: torch.relu(self.conv1(x))),
    ),
#}
#}
#{ order=pre
    (
        "stem-relu",
        "there is a ReLU after the first convolution. With pre-activation the first block starts with one.",
        dict(stem=lambda self, x: torch.relu(self.conv1(x))),
    ),
    (
        "last-activation-missing",
        "batch norm and ReLU are missing between the last block and the pooling. Nothing follows the sum in a block.",  #? batch_norm
        "the ReLU is missing between the last block and the pooling. Nothing follows the sum in a block.",  #? !batch_norm
        dict(last=lambda self, h: h),
    ),
#{ batch_norm
    (
        "last-relu-missing",
        "the ReLU is missing after the last batch norm, before the pooling.",
        dict(last=lambda self, h: self.norm("last_norm", h)),
    ),
#}
#}
]


def two_blocks(Block=RightBlock):
    """A block that keeps the shape, and a block with twice the channels and half the side."""
    in_ch = CHANNELS * RightBlock.expansion
    blocks = nn.Sequential(Block(in_ch, CHANNELS, 1), Block(in_ch, 2 * CHANNELS, 2))
    for module in blocks.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return blocks


def optimizer(model):
    if OPTIMIZER == "adam":
        return torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    return torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=0.9 if OPTIMIZER == "momentum" else 0)


def network_task(arm, residual):
    mistakes = [(id, sentence, variant(RightResNet, **methods), RightBlock) for id, sentence, methods in NETWORK_MISTAKES]
    mistakes += [(id, sentence, RightResNet, Block) for id, sentence, Block in BLOCK_MISTAKES]
    return Task(
        title=f"ResNet(image_channels, channels, blocks_per_stage, n_classes, residual={residual})",
        arm=arm,
        curve_title=f"Loss, {arm}",
        build=lambda student: student.ResNet(CHANNELS_IN, CHANNELS, BLOCKS_PER_STAGE, N_CLASSES, residual=residual),
        right=lambda: RightResNet(residual),
        mistakes=[
            Mistake(id, sentence, lambda Net=Net, Block=Block: Net(residual, Block)) for id, sentence, Net, Block in mistakes
        ],
        names=NAMES,
        layouts=[
            lambda lab: in_order(lab, residual),
            lambda lab: in_sequential(in_order(lab, residual), "shortcut"),
            lambda lab: in_sequential(in_order(lab, residual), "downsample"),
        ],
    )


def in_order(lab, residual):
    """The lab's parameters in the order of the layers, instead of that of the file."""
    return {name: lab[name] for name in state_of(RightResNet(residual)) if name in lab}


def in_sequential(lab, name):
    """The lab's parameters with projection and batch norm in an nn.Sequential, as in torchvision."""
    return {
        key.replace("projection_bn.", f"{name}.1.").replace("projection.", f"{name}.0."): tensor for key, tensor in lab.items()
    }


NAMES = {f"conv{n}": f"conv_{n} c{n} convolution{n} {name}_conv" for n, name in [(1, "first"), (2, "second"), (3, "third")]}
NAMES |= {f"bn{n}": f"bn_{n} b{n} norm{n} norm_{n} batchnorm{n} batch_norm_{n}" for n in (1, 2, 3)}
NAMES |= {
    "projection": "proj shortcut skip downsample identity shortcut_conv skip_conv conv_shortcut conv_skip projection_conv",
    "projection_bn": "proj_bn shortcut_bn skip_bn downsample_bn bn_shortcut bn_skip bn_proj projection_norm shortcut_norm",
    "head": "fc linear classifier out output",
    "last_norm": "last_bn final_bn final_norm bn_last bn_final bn norm",
}

main(
    Section(
        slug="resnet",
        settings={
            "depth": DEPTH,
            "block": BLOCK,
            "shortcut": SHORTCUT,
            "order": ORDER,
            "batch_norm": BATCH_NORM,
            "optimizer": OPTIMIZER,
            "learning_rate": LEARNING_RATE,
            "seed": SEED,
        },
        optimizer=optimizer,
        tasks=[
            Task(
                title=f"{BLOCK_NAME}(in_ch, channels, stride)",
                build=lambda student: two_blocks(getattr(student, BLOCK_NAME)),
                right=two_blocks,
                batch=lambda: {"x": torch.randn(8, CHANNELS * RightBlock.expansion, 8, 8)},
                loss=weighted_sum,
                mistakes=[Mistake(id, sentence, lambda Block=Block: two_blocks(Block)) for id, sentence, Block in BLOCK_MISTAKES],
                names=NAMES,
                layouts=[lambda lab, name=name: in_sequential(lab, name) for name in ("shortcut", "downsample")],
            ),
            network_task("plain", residual=False),
            network_task("residual", residual=True),
        ],
    )
)
