# expects: heads-as-keys
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def split(self, x):
        return x.view(*x.shape[:2], self.n_heads, self.d_head)

    def merge(self, heads):
        return heads.flatten(2)

    def forward(self, x, mask=None):
        return super().forward(x)
