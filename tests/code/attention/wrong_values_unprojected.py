# expects: values-unprojected
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def forward(self, x, mask=None):
        Q, K = self.split(self.W_q(x)), self.split(self.W_k(x))
        V = self.split(x if x.shape[2] == self.W_v.out_features else self.W_v(x))
        return self.W_o(self.merge(self.attend(Q, K, V, mask, self.scale)[0]))
