# expects: skips-last-token
import right
import torch
from right import LSTM  # noqa: F401


class VanillaRNN(right.VanillaRNN):
    def forward(self, x):
        h = torch.zeros(x.shape[1], self.W_h.in_features)
        for t in range(x.shape[0] - 1):
            h = self.step(x[t], h)
        return self.W_y(h)
