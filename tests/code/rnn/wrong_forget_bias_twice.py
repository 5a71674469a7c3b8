# expects: forget-bias-twice
import right
import torch
from right import VanillaRNN  # noqa: F401


class LSTM(right.LSTM):
    def gates(self, a):
        i, f, g, o = a.chunk(4, dim=1)
        return torch.sigmoid(i), torch.sigmoid(f + 1), torch.tanh(g), torch.sigmoid(o)
