# expects: bias-twice
import right
from right import DepthwiseSeparable


class ConvBlock(right.ConvBlock):
    def forward(self, x):
        return self.relu(self.conv(x) + self.conv.bias.view(1, -1, 1, 1))


class CNN(right.CNN):
    standard_block = ConvBlock
