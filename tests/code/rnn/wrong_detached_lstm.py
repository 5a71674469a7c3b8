# expects: detached-state
import right
from right import VanillaRNN  # noqa: F401
from torch import zeros


class LSTM(right.LSTM):
    def forward(self, x):
        h = c = zeros(x.shape[1], self.h2h.in_features)
        for x_t in x:
            a = self.i2h(x_t) + self.h2h(h.detach())
            h, c = self.cell(*self.gates(a), c.detach())
        return self.fc(h)
