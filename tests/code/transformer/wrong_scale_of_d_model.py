# expects: scale-d-model
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def scores(self, q, k):
        return q @ k.transpose(-2, -1) / math.sqrt(self.query.in_features)


class TransformerBlock(TransformerBlock):
    attention_class = MultiHeadAttention


class Transformer(Transformer):
    block_class = TransformerBlock
