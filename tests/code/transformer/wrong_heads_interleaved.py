# expects: heads-interleaved
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def split(self, x):
        return x.view(len(x), x.shape[1], -1, self.n_heads).permute(0, 3, 1, 2)


class TransformerBlock(TransformerBlock):
    attention_class = MultiHeadAttention


class Transformer(Transformer):
    block_class = TransformerBlock
