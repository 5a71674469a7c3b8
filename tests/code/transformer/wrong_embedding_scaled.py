# expects: embedding-scaled
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class Transformer(Transformer):
    def embed(self, ids):
        return self.embedding(ids) * math.sqrt(self.table.shape[1]) + self.table[: ids.shape[1]]
