# expects: tanh-of-state
import right
import torch
from right import LSTM  # noqa: F401


class VanillaRNN(right.VanillaRNN):
    def step(self, x_t, h):
        return self.W_x(x_t) + torch.tanh(self.W_h(h))
