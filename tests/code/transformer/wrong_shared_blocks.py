# expects: shared-blocks
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class Transformer(Transformer):
    def __init__(self, vocabulary, d_model, n_heads, n_layers, context):
        super().__init__(vocabulary, d_model, n_heads, n_layers, context)
        self.blocks = nn.ModuleList([TransformerBlock(d_model, n_heads)] * n_layers)
