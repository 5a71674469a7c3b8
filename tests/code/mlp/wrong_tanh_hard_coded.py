# expects: activation-tanh
from right import MLP as Right


class MLP(Right):
    def hidden(self, h):
        for layer in self.linears[:-1]:
            h = layer(h).tanh()
        return h
