# expects: bias-missing
# settings: block=basic order=post shortcut=b batch_norm=False
import right
from torch import nn


class BasicBlock(right.BasicBlock):
    def conv(self, in_ch, out_ch, stride):
        return nn.Conv2d(in_ch, out_ch, 3, stride, padding=1, bias=False)


class ResNet(right.ResNet):
    Block = BasicBlock
