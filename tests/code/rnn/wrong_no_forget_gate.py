# expects: no-forget-gate
import right
import torch
from right import VanillaRNN  # noqa: F401


class LSTM(right.LSTM):
    def cell(self, i, f, g, o, c):
        c = c + i * g
        return o * torch.tanh(c), c
