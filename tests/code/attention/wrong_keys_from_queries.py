# expects: keys-from-queries
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def forward(self, x, mask=None):
        Q, K, V = self.split(self.W_q(x)), self.split(self.W_q(x)), self.split(self.W_v(x))
        return self.W_o(self.merge(self.attend(Q, K, V, mask, self.scale)[0]))
