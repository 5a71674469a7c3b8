# expects: layers-unused
from right import MLP as Right


class MLP(Right):
    def hidden(self, x):
        h = x
        for layer in self.linears[:1]:
            h = self.activation(layer(x))
        return h
