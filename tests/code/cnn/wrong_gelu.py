# expects: gelu
from torch import nn
import right
from right import DepthwiseSeparable


class ConvBlock(right.ConvBlock):
    def __init__(self, in_ch, out_ch, K):
        super().__init__(in_ch, out_ch, K)
        self.relu = nn.GELU()


class CNN(right.CNN):
    standard_block = ConvBlock
