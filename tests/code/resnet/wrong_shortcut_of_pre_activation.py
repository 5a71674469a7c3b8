# expects: shortcut-of-pre-activation
# settings: block=bottleneck order=pre shortcut=b batch_norm=True
import right_pre_activation as right


class Bottleneck(right.Bottleneck):
    def shortcut(self, x, a):
        return super().shortcut(a, a)


class ResNet(right.ResNet):
    Block = Bottleneck
