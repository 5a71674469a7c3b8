# expects: no-mlp-shortcut
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class TransformerBlock(TransformerBlock):
    def forward(self, x, mask):
        x = x + self.attention(self.norm_attention(x), mask)
        return self.mlp(self.norm_mlp(x))


class Transformer(Transformer):
    block_class = TransformerBlock
