# expects: probabilities
from right import *


class Transformer(Transformer):
    def head(self, x):
        return super().head(x).softmax(dim=-1)
