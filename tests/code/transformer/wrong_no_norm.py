# expects: no-norm
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class TransformerBlock(TransformerBlock):
    def forward(self, x, mask):
        x = x + self.attention(x, mask)
        return x + self.mlp(x)


class Transformer(Transformer):
    block_class = TransformerBlock
