# expects: detached-hidden
import right
import torch
from right import VanillaRNN  # noqa: F401


class LSTM(right.LSTM):
    def forward(self, x):
        h = c = torch.zeros(x.shape[1], self.h2h.in_features)
        for x_t in x:
            h, c = self.cell(*self.gates(self.i2h(x_t) + self.h2h(h.detach())), c)
        return self.fc(h)
