# expects: activation-last
from right import MLP as Right


class MLP(Right):
    def forward(self, x):
        return self.activation(super().forward(x))
