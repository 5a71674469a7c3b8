# settings: positions=sinusoidal mask=causal mlp=True tied=True
"""The same with the MLP as a sequence of layers and usual short names."""

from right import *


class Attention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.h = n_heads
        self.W_q = nn.Linear(d_model, d_model)
        self.W_k = nn.Linear(d_model, d_model)
        self.W_v = nn.Linear(d_model, d_model)
        self.W_o = nn.Linear(d_model, d_model)

    def forward(self, x, mask):
        q, k, v = (W(x).unflatten(2, (self.h, -1)).transpose(1, 2) for W in (self.W_q, self.W_k, self.W_v))
        return self.W_o(F.scaled_dot_product_attention(q, k, v, attn_mask=~mask).transpose(1, 2).flatten(2))


class TransformerBlock(nn.Module):
    norm_class = nn.LayerNorm

    def __init__(self, d_model, n_heads):
        super().__init__()
        self.attn = Attention(d_model, n_heads)
        self.ffn = nn.Sequential(nn.Linear(d_model, 4 * d_model), nn.GELU(), nn.Linear(4 * d_model, d_model))
        self.ln1, self.ln2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)

    def forward(self, x, mask):
        x = x + self.attn(self.ln1(x), mask)
        return x + self.ffn(self.ln2(x))


class Transformer(Transformer):
    block_class = TransformerBlock
