# expects: heads-by-view
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def split(self, x):
        return x.view(x.shape[0], self.n_heads, x.shape[1], self.d_head)

    def merge(self, heads):
        return heads.reshape(heads.shape[0], heads.shape[2], -1)
