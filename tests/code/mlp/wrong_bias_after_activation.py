# expects: bias-after-activation
from right import MLP as Right


class MLP(Right):
    def hidden(self, h):
        for layer in self.linears[:-1]:
            h = self.activation(h @ layer.weight.T) + layer.bias
        return h
