import torch
from torch import nn


class VanillaRNN(nn.Module):
    def __init__(self, d_in, d_hidden, d_out):
        super().__init__()
        self.W_x = nn.Linear(d_in, d_hidden)
        self.W_h = nn.Linear(d_hidden, d_hidden, bias=False)
        self.W_y = nn.Linear(d_hidden, d_out)

    def step(self, x_t, h):
        return torch.tanh(self.W_x(x_t) + self.W_h(h))

    def forward(self, x):
        h = torch.zeros(x.shape[1], self.W_h.in_features)
        for x_t in x:
            h = self.step(x_t, h)
        return self.W_y(h)


class LSTM(nn.Module):
    def __init__(self, d_in, d_hidden, d_out):
        super().__init__()
        self.i2h = nn.Linear(d_in, 4 * d_hidden)
        self.h2h = nn.Linear(d_hidden, 4 * d_hidden, bias=False)
        self.fc = nn.Linear(d_hidden, d_out)

    def gates(self, a):
        i, f, g, o = a.chunk(4, dim=1)
        return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)

    def cell(self, i, f, g, o, c):
        c = f * c + i * g
        return o * torch.tanh(c), c

    def forward(self, x):
        h = c = torch.zeros(x.shape[1], self.h2h.in_features)
        for x_t in x:
            h, c = self.cell(*self.gates(self.i2h(x_t) + self.h2h(h)), c)
        return self.fc(h)
