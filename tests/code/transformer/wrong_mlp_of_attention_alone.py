# expects: mlp-of-attended
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class TransformerBlock(TransformerBlock):
    def forward(self, x, mask):
        attended = self.attention(self.norm_attention(x), mask)
        return x + attended + self.mlp(self.norm_mlp(attended))


class Transformer(Transformer):
    block_class = TransformerBlock
