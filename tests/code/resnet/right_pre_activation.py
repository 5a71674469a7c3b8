# settings: block=bottleneck order=pre shortcut=b batch_norm=True
import torch.nn.functional as F
from torch import nn


class Bottleneck(nn.Module):
    strides = (1, 2, 1)  # of the three convolutions, if the block has a stride of 2

    def __init__(self, in_ch, channels, stride, residual=True):
        super().__init__()
        first, second, third = (min(stride, own) for own in self.strides)
        out_ch = 4 * channels
        self.norm1 = nn.BatchNorm2d(in_ch)
        self.conv1 = nn.Conv2d(in_ch, channels, kernel_size=1, stride=first, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, stride=second, padding=1, bias=False)
        self.norm3 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, out_ch, kernel_size=1, stride=third, bias=False)
        self.residual = residual
        self.downsample = None
        if residual and (stride != 1 or in_ch != out_ch):
            self.downsample = nn.Conv2d(in_ch, out_ch, kernel_size=1, stride=stride, bias=False)

    def first(self, x):
        return F.relu(self.norm1(x))

    def branch(self, a):
        h = self.conv1(a)
        h = self.conv2(F.relu(self.norm2(h)))
        return self.conv3(F.relu(self.norm3(h)))

    def shortcut(self, x, a):
        return x if self.downsample is None else self.downsample(a)

    def forward(self, x):
        a = self.first(x)
        return self.branch(a) + self.shortcut(x, a) if self.residual else self.branch(a)


class ResNet(nn.Module):
    Block = Bottleneck

    def __init__(self, image_channels, channels, blocks_per_stage, n_classes, residual):
        super().__init__()
        self.stem = nn.Conv2d(image_channels, channels, kernel_size=3, padding=1, bias=False)
        self.blocks = nn.ModuleList()
        in_ch = channels
        for i in range(3 * blocks_per_stage):
            stage = i // blocks_per_stage
            stride = 2 if stage > 0 and i % blocks_per_stage == 0 else 1
            self.blocks.append(self.Block(in_ch, channels * 2**stage, stride, residual))
            in_ch = 4 * channels * 2**stage
        self.norm = nn.BatchNorm2d(in_ch)
        self.fc = nn.Linear(in_ch, n_classes)

    def first(self, x):
        return self.stem(x)

    def last(self, h):
        return F.relu(self.norm(h))

    def forward(self, x):
        h = self.first(x)
        for block in self.blocks:
            h = block(h)
        return self.fc(self.last(h).mean(dim=(2, 3)))
