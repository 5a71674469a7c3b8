# expects: detached
from right import MLP as Right


class MLP(Right):
    def forward(self, x):
        return self.linears[-1](self.hidden(x).detach())
