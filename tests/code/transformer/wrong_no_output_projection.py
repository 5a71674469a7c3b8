# expects: no-output
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def forward(self, x, mask):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        return self.merge(self.weights(self.scores(q, k), mask) @ v)


class TransformerBlock(TransformerBlock):
    attention_class = MultiHeadAttention


class Transformer(Transformer):
    block_class = TransformerBlock
