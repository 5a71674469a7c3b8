# expects: mask-after-softmax
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def weights(self, scores, mask):
        return scores.softmax(dim=-1) * ~mask


class TransformerBlock(TransformerBlock):
    attention_class = MultiHeadAttention


class Transformer(Transformer):
    block_class = TransformerBlock
