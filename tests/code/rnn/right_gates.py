# A right solution with bare matrices in the RNN, and with one layer per gate in the LSTM.
import torch
from torch import nn


class VanillaRNN(nn.Module):
    def __init__(self, d_in, d_hidden, d_out):
        super().__init__()
        self.U = nn.Parameter(torch.randn(d_in, d_hidden))
        self.W = nn.Parameter(torch.randn(d_hidden, d_hidden))
        self.b = nn.Parameter(torch.zeros(d_hidden))
        self.V = nn.Parameter(torch.randn(d_hidden, d_out))
        self.c = nn.Parameter(torch.zeros(d_out))

    def forward(self, x):
        h = torch.zeros(x.shape[1], self.W.shape[0])
        for x_t in x:
            h = torch.tanh(x_t @ self.U + h @ self.W + self.b)
        return h @ self.V + self.c


class LSTM(nn.Module):
    def __init__(self, d_in, d_hidden, d_out):
        super().__init__()
        self.d_hidden = d_hidden
        self.forget_gate = nn.Linear(d_in + d_hidden, d_hidden)
        self.input_gate = nn.Linear(d_in + d_hidden, d_hidden)
        self.candidate = nn.Linear(d_in + d_hidden, d_hidden)
        self.output_gate = nn.Linear(d_in + d_hidden, d_hidden)
        self.head = nn.Linear(d_hidden, d_out)

    def forward(self, x):
        h = c = torch.zeros(x.shape[1], self.d_hidden)
        for x_t in x:
            both = torch.cat([x_t, h], dim=1)
            f, i = torch.sigmoid(self.forget_gate(both)), torch.sigmoid(self.input_gate(both))
            c = f * c + i * torch.tanh(self.candidate(both))
            h = torch.sigmoid(self.output_gate(both)) * torch.tanh(c)
        return self.head(h)
