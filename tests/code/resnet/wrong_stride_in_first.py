# expects: stride-in-first
# settings: block=bottleneck order=pre shortcut=b batch_norm=True
import right_pre_activation as right


class Bottleneck(right.Bottleneck):
    strides = (2, 1, 1)


class ResNet(right.ResNet):
    Block = Bottleneck
