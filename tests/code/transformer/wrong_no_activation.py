# expects: no-activation
from right import *


class TransformerBlock(TransformerBlock):
    def mlp(self, x):
        return self.down(self.up(x))


class Transformer(Transformer):
    block_class = TransformerBlock
