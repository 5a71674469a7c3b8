# expects: no-activation
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class TransformerBlock(TransformerBlock):
    def mlp(self, x):
        return self.down(self.up(x))


class Transformer(Transformer):
    block_class = TransformerBlock
