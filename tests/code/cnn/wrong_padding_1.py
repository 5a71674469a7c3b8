# expects: padding-1
from torch import nn
import right
from right import DepthwiseSeparable


class ConvBlock(right.ConvBlock):
    def __init__(self, in_ch, out_ch, K):
        super().__init__(in_ch, out_ch, K)
        self.conv = nn.Conv2d(in_ch, out_ch, K, padding=1)


class CNN(right.CNN):
    standard_block = ConvBlock
