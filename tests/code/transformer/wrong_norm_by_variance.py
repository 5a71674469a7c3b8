# expects: norm-variance
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class Norm(nn.LayerNorm):
    def forward(self, x):
        mean, variance = x.mean(dim=-1, keepdim=True), x.var(dim=-1, keepdim=True, unbiased=False)
        return (x - mean) / (variance + 1e-5) * self.weight + self.bias


class TransformerBlock(TransformerBlock):
    norm_class = Norm


class Transformer(Transformer):
    block_class = TransformerBlock
