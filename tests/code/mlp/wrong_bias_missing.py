# expects: bias-missing
from torch import nn
from right import MLP as Right


class MLP(Right):
    def linear(self, n, m):
        return nn.Linear(n, m, bias=False)
