# expects: first-relu-missing
# settings: block=bottleneck order=pre shortcut=b batch_norm=True
import right_pre_activation as right


class Bottleneck(right.Bottleneck):
    def first(self, x):
        return self.norm1(x)


class ResNet(right.ResNet):
    Block = Bottleneck
