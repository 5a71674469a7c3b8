# expects: scale-of-all-heads
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def __init__(self, d_model, n_heads, d_head, scale):
        super().__init__(d_model, n_heads, d_head, scale)
        self.scale = (n_heads * d_head) ** -0.5
