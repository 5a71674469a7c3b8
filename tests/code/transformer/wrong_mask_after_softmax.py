# expects: mask-after-softmax
from right import *


class MultiHeadAttention(MultiHeadAttention):
    def weights(self, scores, mask):
        return scores.softmax(dim=-1) * ~mask


class TransformerBlock(TransformerBlock):
    attention_class = MultiHeadAttention


class Transformer(Transformer):
    block_class = TransformerBlock
