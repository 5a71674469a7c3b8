# expects: convolution-bias
# settings: block=basic order=post shortcut=b batch_norm=True
import right_batch_norm as right
import torch
from torch import nn


class BasicBlock(right.BasicBlock):
    def __init__(self, in_ch, channels, stride, residual=True):
        super().__init__(in_ch, channels, stride, residual)
        for conv in (self.conv1, self.conv2, *self.shortcut[:1]):
            conv.bias = nn.Parameter(torch.zeros(channels))


class ResNet(right.ResNet):
    Block = BasicBlock
