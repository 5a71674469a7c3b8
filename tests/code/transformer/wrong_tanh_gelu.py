# expects: tanh-gelu
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class TransformerBlock(TransformerBlock):
    def mlp(self, x):
        return self.down(F.gelu(self.up(x), approximate="tanh"))


class Transformer(Transformer):
    block_class = TransformerBlock
