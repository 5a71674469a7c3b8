# expects: no-head-bias
from torch import nn
import right
from right import ConvBlock, DepthwiseSeparable


class CNN(right.CNN):
    def __init__(self, in_ch, width, n_classes, separable):
        super().__init__(in_ch, width, n_classes, separable)
        self.fc = nn.Linear(8 * width, n_classes, bias=False)
