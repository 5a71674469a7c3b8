# expects: mask-strict
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


class Transformer(Transformer):
    def mask(self, n):
        return torch.ones(n, n, dtype=torch.bool).triu(0)

    class block_class(TransformerBlock):
        class attention_class(MultiHeadAttention):
            def weights(self, scores, mask):
                return scores.masked_fill(mask, -1e9).softmax(dim=-1)
