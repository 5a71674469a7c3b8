# expects: no-depthwise-bias
from torch import nn
import right
from right import ConvBlock


class DepthwiseSeparable(right.DepthwiseSeparable):
    def __init__(self, in_ch, out_ch, K):
        super().__init__(in_ch, out_ch, K)
        self.dw = nn.Conv2d(in_ch, in_ch, K, padding=K // 2, groups=in_ch, bias=False)


class CNN(right.CNN):
    separable_block = DepthwiseSeparable
