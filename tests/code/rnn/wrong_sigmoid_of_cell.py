# expects: sigmoid-of-cell
import right
import torch
from right import VanillaRNN  # noqa: F401


class LSTM(right.LSTM):
    def cell(self, i, f, g, o, c):
        c = f * c + i * g
        return o * torch.sigmoid(c), c
