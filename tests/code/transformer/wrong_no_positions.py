# expects: no-positions
from right import *


class Transformer(Transformer):
    def embed(self, ids):
        return self.embedding(ids)
