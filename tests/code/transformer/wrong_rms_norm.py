# expects: norm-no-mean
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class Norm(nn.LayerNorm):
    def forward(self, x):
        return x / torch.sqrt(x.square().mean(dim=-1, keepdim=True) + 1e-5) * self.weight + self.bias


class TransformerBlock(TransformerBlock):
    norm_class = Norm


class Transformer(Transformer):
    block_class = TransformerBlock
