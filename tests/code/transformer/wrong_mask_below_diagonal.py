# expects: mask-transposed
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class Transformer(Transformer):
    def mask(self, n):
        return torch.ones(n, n, dtype=torch.bool).tril(-1)
