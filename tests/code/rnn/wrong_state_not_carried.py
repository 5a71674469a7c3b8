# expects: state-not-carried
import right
import torch
from right import LSTM  # noqa: F401


class VanillaRNN(right.VanillaRNN):
    def step(self, x_t, h):
        return super().step(x_t, torch.zeros_like(h))
