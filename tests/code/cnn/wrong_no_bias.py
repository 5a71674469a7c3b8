# expects: no-bias
from torch import nn
import right
from right import DepthwiseSeparable


class ConvBlock(right.ConvBlock):
    def __init__(self, in_ch, out_ch, K):
        super().__init__(in_ch, out_ch, K)
        self.conv = nn.Conv2d(in_ch, out_ch, K, padding=K // 2, bias=False)


class CNN(right.CNN):
    standard_block = ConvBlock
