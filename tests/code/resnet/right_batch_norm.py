# settings: block=basic order=post shortcut=b batch_norm=True
import torch.nn.functional as F
from torch import nn


class BasicBlock(nn.Module):
    Norm = nn.BatchNorm2d

    def __init__(self, in_ch, channels, stride, residual=True):
        super().__init__()
        self.conv1 = nn.Conv2d(in_ch, channels, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = self.Norm(channels)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.bn2 = self.Norm(channels)
        self.residual = residual
        self.shortcut = nn.Sequential()
        if residual and (stride != 1 or in_ch != channels):
            self.shortcut.append(nn.Conv2d(in_ch, channels, kernel_size=1, stride=stride, bias=False))
            self.shortcut.append(self.Norm(channels))

    def branch(self, x):
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))

    def forward(self, x):
        out = self.branch(x)
        if self.residual:
            out = out + self.shortcut(x)
        return F.relu(out)


class ResNet(nn.Module):
    Block = BasicBlock

    def __init__(self, image_channels, channels, blocks_per_stage, n_classes, residual):
        super().__init__()
        self.conv1 = nn.Conv2d(image_channels, channels, kernel_size=3, padding=1, bias=False)
        self.bn1 = self.Block.Norm(channels)
        self.blocks = nn.Sequential()
        in_ch = channels
        for i in range(3 * blocks_per_stage):
            out_ch = channels * 2 ** (i // blocks_per_stage)
            self.blocks.append(self.Block(in_ch, out_ch, stride=1 if in_ch == out_ch else 2, residual=residual))
            in_ch = out_ch
        self.fc = nn.Linear(in_ch, n_classes)

    def stem(self, x):
        return F.relu(self.bn1(self.conv1(x)))

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean(dim=(2, 3)))
