# expects: relu-only-between
import right
from right import ConvBlock


class DepthwiseSeparable(right.DepthwiseSeparable):
    def forward(self, x):
        return self.pw(self.relu(self.dw(x)))


class CNN(right.CNN):
    separable_block = DepthwiseSeparable
