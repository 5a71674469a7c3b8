from right import ConvBlock
from torch import nn


class DepthwiseSeparable(nn.Module):
    def __init__(self, in_ch, out_ch, K):
        super().__init__()
        self.channels = nn.Linear(in_ch, out_ch)
        self.space = nn.Conv2d(in_ch, in_ch, K, padding="same", groups=in_ch)

    def forward(self, x):
        return self.channels(self.space(x).movedim(1, -1)).movedim(-1, 1).relu()


class CNN(nn.Module):
    def __init__(self, in_ch, width, n_classes, separable):
        super().__init__()
        Block = DepthwiseSeparable if separable else ConvBlock
        self.output_layer = nn.Linear(8 * width, n_classes)
        self.b1 = ConvBlock(in_ch, width, 3)
        self.b2 = Block(width, 2 * width, 3)
        self.b3 = Block(2 * width, 4 * width, 3)
        self.b4 = Block(4 * width, 8 * width, 3)
        self.b5 = Block(8 * width, 8 * width, 3)

    def forward(self, x):
        for block in (self.b1, self.b2, self.b3, self.b4, self.b5):
            x = nn.functional.max_pool2d(block(x), 2)
        return self.output_layer(x.view(len(x), -1))
