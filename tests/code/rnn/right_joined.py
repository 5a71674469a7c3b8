# A right solution whose LSTM has one layer for x and h together, as many tutorials have it.
import torch
from right import VanillaRNN  # noqa: F401
from torch import nn


class LSTM(nn.Module):
    def __init__(self, d_in, d_hidden, d_out):
        super().__init__()
        self.d_hidden = d_hidden
        self.linear = nn.Linear(d_hidden + d_in, 4 * d_hidden)
        self.out = nn.Linear(d_hidden, d_out)

    def forward(self, x):
        h = c = torch.zeros(x.shape[1], self.d_hidden)
        for x_t in x:
            i, f, g, o = self.linear(torch.cat([h, x_t], dim=1)).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return self.out(h)
