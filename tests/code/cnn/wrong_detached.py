# expects: detached
import right
from right import ConvBlock, DepthwiseSeparable


class CNN(right.CNN):
    def forward(self, x):
        return self.fc(self.features(x).flatten(1).detach())
