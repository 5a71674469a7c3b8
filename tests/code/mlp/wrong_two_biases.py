# expects: two-biases
import torch
from torch import nn
from right import MLP as Right


class MLP(Right):
    def linear(self, n, m):
        layer = nn.Linear(n, m)
        layer.second = nn.Parameter(torch.zeros(m))
        return layer

    def affine(self, layer, h):
        return layer(h) + layer.second
