# expects: activation-once
from right import MLP as Right


class MLP(Right):
    def hidden(self, h):
        h = self.activation(self.linears[0](h))
        for layer in self.linears[1:-1]:
            h = layer(h)
        return h
