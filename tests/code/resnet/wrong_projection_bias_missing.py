# expects: projection-bias-missing
# settings: block=basic order=post shortcut=b batch_norm=False
import right
from torch import nn


class BasicBlock(right.BasicBlock):
    def __init__(self, in_ch, channels, stride, residual=True):
        super().__init__(in_ch, channels, stride, residual)
        if self.skip is not None:
            self.skip = nn.Conv2d(in_ch, channels, 1, stride, bias=False)


class ResNet(right.ResNet):
    Block = BasicBlock
