# expects: tanh-inside
import right
import torch
from right import LSTM  # noqa: F401


class VanillaRNN(right.VanillaRNN):
    def step(self, x_t, h):
        return torch.tanh(self.W_x(x_t)) + self.W_h(h)
