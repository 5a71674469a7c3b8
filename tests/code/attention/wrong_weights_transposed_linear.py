# expects: weights-transposed-linear
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def forward(self, x, mask=None):
        Q, K, V = (self.split(self.apply_to(x, layer)) for layer in (self.W_q, self.W_k, self.W_v))
        return self.apply_to(self.merge(self.attend(Q, K, V, mask, self.scale)[0]), self.W_o)

    def apply_to(self, x, layer):
        return x @ layer.weight.view(layer.in_features, layer.out_features)
