# expects: activation-first
from right import MLP as Right


class MLP(Right):
    def forward(self, x):
        for layer in self.linears:
            x = layer(self.activation(x))
        return x
