# expects: post-norm
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class TransformerBlock(TransformerBlock):
    def forward(self, x, mask):
        x = self.norm_attention(x + self.attention(x, mask))
        return self.norm_mlp(x + self.mlp(x))


class Transformer(Transformer):
    block_class = TransformerBlock
