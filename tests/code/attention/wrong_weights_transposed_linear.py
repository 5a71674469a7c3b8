# expects: weights-transposed-linear
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def forward(self, x, mask=None):
        Q, K, V = (self.split(x @ layer.weight) for layer in (self.W_q, self.W_k, self.W_v))
        return self.merge(self.attend(Q, K, V, mask, self.scale)[0]) @ self.W_o.weight
