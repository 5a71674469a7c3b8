import torch
from torch import nn


class MLP(nn.Module):
    def __init__(self, d_in, hidden_dims, d_out, activation):
        super().__init__()
        dims = [d_in, *hidden_dims, d_out]
        self.weights = nn.ParameterList(torch.randn(m, n) / n**0.5 for n, m in zip(dims, dims[1:]))
        self.biases = nn.ParameterList(torch.zeros(m) for m in dims[1:])
        self.f = activation

    def forward(self, x):
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            x = x @ weight.T + bias
            if i < len(self.weights) - 1:
                x = self.f(x)
        return x
