# expects: layer-missing
from right import MLP as Right


class MLP(Right):
    def __init__(self, d_in, hidden_dims, d_out, activation):
        super().__init__(d_in, hidden_dims[:-1], d_out, activation)
