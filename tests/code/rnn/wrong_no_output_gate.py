# expects: no-output-gate
import right
import torch
from right import VanillaRNN  # noqa: F401


class LSTM(right.LSTM):
    def cell(self, i, f, g, o, c):
        c = f * c + i * g
        return torch.tanh(c), c
