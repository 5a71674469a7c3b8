# expects: no-projection-bias
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def __init__(self, d_model, n_heads):
        super().__init__(d_model, n_heads)
        for layer in (self.query, self.key, self.value):
            layer.bias = None


class TransformerBlock(TransformerBlock):
    attention_class = MultiHeadAttention


class Transformer(Transformer):
    block_class = TransformerBlock
