# expects: pointwise-padded
from torch import nn
import right
from right import ConvBlock


class DepthwiseSeparable(right.DepthwiseSeparable):
    def __init__(self, in_ch, out_ch, K):
        super().__init__(in_ch, out_ch, K)
        self.pw = nn.Conv2d(in_ch, out_ch, 1, padding=1)


class CNN(right.CNN):
    separable_block = DepthwiseSeparable
