# expects: stride-in-last
# settings: block=bottleneck order=pre shortcut=b batch_norm=True
import right_pre_activation as right


class Bottleneck(right.Bottleneck):
    strides = (1, 1, 2)


class ResNet(right.ResNet):
    Block = Bottleneck
