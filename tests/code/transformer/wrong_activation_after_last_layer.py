# expects: activation-last
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class TransformerBlock(TransformerBlock):
    def mlp(self, x):
        return F.gelu(self.down(F.gelu(self.up(x))))


class Transformer(Transformer):
    block_class = TransformerBlock
