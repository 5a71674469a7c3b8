import torch
from torch import nn


class Linear(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.W = nn.Parameter(torch.randn(d_in, d_out) / d_in**0.5)
        self.b = nn.Parameter(torch.zeros(d_out))

    def forward(self, x):
        return x @ self.W + self.b


class MLP(nn.Module):
    def __init__(self, d_in, hidden_dims, d_out, activation):
        super().__init__()
        self.layers = nn.ModuleList()
        for width in hidden_dims:
            self.layers.append(Linear(d_in, width))
            self.layers.append(activation())
            d_in = width
        self.head = Linear(d_in, d_out)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x)
