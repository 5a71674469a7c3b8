# expects: no-positions
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class Transformer(Transformer):
    def embed(self, ids):
        return self.embedding(ids)
