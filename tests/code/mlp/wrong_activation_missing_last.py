# expects: activation-missing-last
from right import MLP as Right


class MLP(Right):
    def hidden(self, h):
        for layer in self.linears[:-2]:
            h = self.activation(layer(h))
        return self.linears[-2](h)
