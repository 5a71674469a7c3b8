# expects: missing-output-projection
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def forward(self, x, mask=None):
        Q, K, V = self.split(self.W_q(x)), self.split(self.W_k(x)), self.split(self.W_v(x))
        merged = self.merge(self.attend(Q, K, V, mask, self.scale)[0])
        return merged if merged.shape == x.shape else self.W_o(merged)
