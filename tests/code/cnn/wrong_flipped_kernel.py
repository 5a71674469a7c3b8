# expects: flipped-kernel
import torch
from torch import nn
import right
from right import DepthwiseSeparable


class ConvBlock(nn.Module):
    def __init__(self, in_ch, out_ch, K):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_ch, in_ch, K, K) / K)
        self.bias = nn.Parameter(torch.zeros(out_ch))

    def forward(self, x):
        K = self.weight.shape[-1]
        height, width = x.shape[2:]
        x = nn.functional.pad(x, 4 * [K // 2])
        y = self.bias.view(-1, 1, 1)
        for u in range(K):
            for v in range(K):
                patch = x[:, :, u : u + height, v : v + width]
                y = y + torch.einsum("oi,nihw->nohw", self.weight[:, :, K - 1 - u, K - 1 - v], patch)
        return torch.relu(y)


class CNN(right.CNN):
    standard_block = ConvBlock
