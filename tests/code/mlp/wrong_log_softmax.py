# expects: log-softmax
from right import MLP as Right


class MLP(Right):
    def forward(self, x):
        return super().forward(x).log_softmax(dim=-1)
