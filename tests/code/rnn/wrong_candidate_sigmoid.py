# expects: candidate-sigmoid
import right
import torch
from right import VanillaRNN  # noqa: F401


class LSTM(right.LSTM):
    def gates(self, a):
        return torch.sigmoid(a).chunk(4, dim=1)
