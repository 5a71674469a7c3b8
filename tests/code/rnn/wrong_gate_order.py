# expects: gates-fiog
import right
import torch
from right import VanillaRNN  # noqa: F401


class LSTM(right.LSTM):
    def gates(self, a):
        f, i, o, g = a.chunk(4, dim=1)
        return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
