# expects: heads-interleaved
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def split(self, x):
        return x.view(*x.shape[:2], self.d_head, self.n_heads).permute(0, 3, 1, 2)

    def merge(self, heads):
        return heads.permute(0, 2, 3, 1).flatten(2)
