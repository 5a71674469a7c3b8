# expects: bias-missing-hidden
from right import MLP as Right


class MLP(Right):
    def __init__(self, d_in, hidden_dims, d_out, activation):
        super().__init__(d_in, hidden_dims, d_out, activation)
        for layer in self.linears[:-1]:
            layer.bias = None
