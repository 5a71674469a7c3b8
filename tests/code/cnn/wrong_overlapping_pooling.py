# expects: overlapping-pooling
from torch import nn
import right
from right import ConvBlock, DepthwiseSeparable


class CNN(right.CNN):
    def pool(self):
        return nn.MaxPool2d(3, stride=2, padding=1)
