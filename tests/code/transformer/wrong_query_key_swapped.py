# expects: query-key-swapped
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def scores(self, q, k):
        return k @ q.transpose(-2, -1) / math.sqrt(q.shape[-1])


class TransformerBlock(TransformerBlock):
    attention_class = MultiHeadAttention


class Transformer(Transformer):
    block_class = TransformerBlock
