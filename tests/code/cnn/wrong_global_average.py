# expects: global-average
import right
from right import ConvBlock, DepthwiseSeparable


class CNN(right.CNN):
    def forward(self, x):
        return self.fc(self.features[:-1](x).mean(dim=(2, 3)))
