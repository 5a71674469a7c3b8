# expects: norm-unbiased
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class Norm(nn.LayerNorm):
    def forward(self, x):
        mean, std = x.mean(dim=-1, keepdim=True), x.std(dim=-1, keepdim=True)
        return (x - mean) / (std + 1e-5) * self.weight + self.bias


class TransformerBlock(TransformerBlock):
    norm_class = Norm


class Transformer(Transformer):
    block_class = TransformerBlock
