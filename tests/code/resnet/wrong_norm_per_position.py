# expects: norm-per-position
# settings: block=basic order=post shortcut=b batch_norm=True
import right_batch_norm as right
import torch
from torch import nn


class Norm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        mean, var = x.mean(0, keepdim=True), x.var(0, keepdim=True, correction=0)
        return (x - mean) / (var + 1e-5).sqrt() * self.weight[:, None, None] + self.bias[:, None, None]


class BasicBlock(right.BasicBlock):
    Norm = Norm


class ResNet(right.ResNet):
    Block = BasicBlock
