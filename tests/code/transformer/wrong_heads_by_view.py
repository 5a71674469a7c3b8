# expects: heads-view
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def split(self, x):
        return x.view(len(x), self.n_heads, -1, x.shape[2] // self.n_heads)


class TransformerBlock(TransformerBlock):
    attention_class = MultiHeadAttention


class Transformer(Transformer):
    block_class = TransformerBlock
