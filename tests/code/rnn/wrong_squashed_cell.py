# expects: squashed-cell
import right
import torch
from right import VanillaRNN  # noqa: F401


class LSTM(right.LSTM):
    def cell(self, i, f, g, o, c):
        c = torch.tanh(f * c + i * g)
        return o * c, c
