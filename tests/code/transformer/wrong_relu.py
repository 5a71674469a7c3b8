# expects: relu
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class TransformerBlock(TransformerBlock):
    def mlp(self, x):
        return self.down(F.relu(self.up(x)))


class Transformer(Transformer):
    block_class = TransformerBlock
