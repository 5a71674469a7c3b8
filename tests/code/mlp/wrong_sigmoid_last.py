# expects: sigmoid-last
from right import MLP as Right


class MLP(Right):
    def forward(self, x):
        return super().forward(x).sigmoid()
