# settings: block=basic order=post shortcut=b batch_norm=False
import torch.nn.functional as F
from torch import nn


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, in_ch, channels, stride, residual=True):
        super().__init__()
        self.conv1 = self.conv(in_ch, channels, stride)
        self.conv2 = self.conv(channels, channels, 1)
        self.residual = residual
        self.skip = None
        if residual and (stride != 1 or in_ch != channels):
            self.skip = nn.Conv2d(in_ch, channels, kernel_size=1, stride=stride)

    def conv(self, in_ch, out_ch, stride):
        return nn.Conv2d(in_ch, out_ch, kernel_size=3, stride=stride, padding=1)

    def branch(self, x):
        return self.conv2(F.relu(self.conv1(x)))

    def shortcut(self, x):
        return x if self.skip is None else self.skip(x)

    def forward(self, x):
        out = self.branch(x)
        if self.residual:
            out = out + self.shortcut(x)
        return F.relu(out)


class ResNet(nn.Module):
    Block = BasicBlock
    strides = (1, 2, 2)

    def __init__(self, image_channels, channels, blocks_per_stage, n_classes, residual):
        super().__init__()
        self.stem = nn.Conv2d(image_channels, channels, kernel_size=3, padding=1)
        in_ch = channels
        for stage, stride in enumerate(self.strides):
            out_ch = channels * 2**stage
            blocks = [self.Block(in_ch, out_ch, stride, residual)]
            blocks += [self.Block(out_ch, out_ch, 1, residual) for _ in range(blocks_per_stage - 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            in_ch = out_ch
        self.fc = nn.Linear(in_ch, n_classes)

    def pool(self, h):
        return h.mean(dim=(2, 3))

    def forward(self, x):
        h = F.relu(self.stem(x))
        h = self.layer3(self.layer2(self.layer1(h)))
        return self.fc(self.pool(h))
