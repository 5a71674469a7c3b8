# expects: old-cell
import right
import torch
from right import VanillaRNN  # noqa: F401


class LSTM(right.LSTM):
    def cell(self, i, f, g, o, c):
        return o * torch.tanh(c), f * c + i * g
