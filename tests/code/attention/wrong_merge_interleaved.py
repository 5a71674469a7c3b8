# expects: merge-interleaved
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def merge(self, heads):
        return heads.permute(0, 2, 3, 1).flatten(2)
