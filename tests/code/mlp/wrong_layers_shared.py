# expects: layers-shared
from torch import nn
from right import MLP as Right


class MLP(Right):
    def __init__(self, d_in, hidden_dims, d_out, activation):
        super().__init__(d_in, hidden_dims, d_out, activation)
        width, n = hidden_dims[0], len(hidden_dims)
        self.linears = nn.ModuleList(
            [nn.Linear(d_in, width)] + [nn.Linear(width, width)] * (n - 1) + [nn.Linear(width, d_out)]
        )
