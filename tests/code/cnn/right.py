from torch import nn


class ConvBlock(nn.Module):
    def __init__(self, in_ch, out_ch, K):
        super().__init__()
        self.conv = nn.Conv2d(in_ch, out_ch, K, padding=K // 2)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.conv(x))


class DepthwiseSeparable(nn.Module):
    def __init__(self, in_ch, out_ch, K):
        super().__init__()
        self.dw = nn.Conv2d(in_ch, in_ch, K, padding=K // 2, groups=in_ch)
        self.pw = nn.Conv2d(in_ch, out_ch, 1)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.pw(self.dw(x)))


class CNN(nn.Module):
    standard_block = ConvBlock
    separable_block = DepthwiseSeparable

    def __init__(self, in_ch, width, n_classes, separable):
        super().__init__()
        block = self.separable_block if separable else self.standard_block
        self.features = nn.Sequential(
            self.standard_block(in_ch, width, 3),
            self.pool(),
            block(width, 2 * width, 3),
            self.pool(),
            block(2 * width, 4 * width, 3),
            self.pool(),
            block(4 * width, 8 * width, 3),
            self.pool(),
            block(8 * width, 8 * width, 3),
            self.pool(),
        )
        self.fc = nn.Linear(8 * width, n_classes)

    def pool(self):
        return nn.MaxPool2d(2)

    def forward(self, x):
        return self.fc(self.features(x).flatten(1))
