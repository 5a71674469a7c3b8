# expects: softmax-over-batch
from right import MLP as Right


class MLP(Right):
    def forward(self, x):
        return super().forward(x).softmax(dim=0)
