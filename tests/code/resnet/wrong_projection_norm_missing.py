# expects: projection-norm-missing
# settings: block=basic order=post shortcut=b batch_norm=True
import right_batch_norm as right


class BasicBlock(right.BasicBlock):
    def __init__(self, in_ch, channels, stride, residual=True):
        super().__init__(in_ch, channels, stride, residual)
        self.shortcut = self.shortcut[:1]


class ResNet(right.ResNet):
    Block = BasicBlock
