# expects: relu-first
import right
from right import DepthwiseSeparable


class ConvBlock(right.ConvBlock):
    def forward(self, x):
        return self.conv(self.relu(x))


class CNN(right.CNN):
    standard_block = ConvBlock
