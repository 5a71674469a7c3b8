# expects: parallel
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class TransformerBlock(TransformerBlock):
    def forward(self, x, mask):
        return x + self.attention(self.norm_attention(x), mask) + self.mlp(self.norm_mlp(x))


class Transformer(Transformer):
    block_class = TransformerBlock
