# expects: cell-not-carried
import right
import torch
from right import VanillaRNN  # noqa: F401


class LSTM(right.LSTM):
    def cell(self, i, f, g, o, c):
        return super().cell(i, f, g, o, torch.zeros_like(c))
