# settings: positions=sinusoidal mask=causal mlp=False tied=False
"""Attention only, with a head of its own."""

from right import *


class TransformerBlock(nn.Module):
    norm_class = nn.LayerNorm

    def __init__(self, d_model, n_heads):
        super().__init__()
        self.norm_attention = nn.LayerNorm(d_model)
        self.attention = MultiHeadAttention(d_model, n_heads)

    def forward(self, x, mask):
        return x + self.attention(self.norm_attention(x), mask)


class Transformer(Transformer):
    block_class = TransformerBlock

    def __init__(self, vocabulary, d_model, n_heads, n_layers, context):
        super().__init__(vocabulary, d_model, n_heads, n_layers, context)
        self.lm_head = nn.Linear(d_model, vocabulary, bias=False)

    def head(self, x):
        return self.lm_head(self.norm(x))
