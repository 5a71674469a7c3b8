# expects: tanh-after-output
import right
import torch
from right import LSTM  # noqa: F401


class VanillaRNN(right.VanillaRNN):
    def forward(self, x):
        return torch.tanh(super().forward(x))
