# settings: positions=sinusoidal mask=causal mlp=True tied=True
"""The same with the names of nanoGPT, and queries, keys and values in one layer."""

from right import *


class SelfAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.c_attn = nn.Linear(d_model, 3 * d_model)
        self.c_proj = nn.Linear(d_model, d_model)

    def forward(self, x, mask):
        q, k, v = (part.unflatten(2, (self.n_heads, -1)).transpose(1, 2) for part in self.c_attn(x).chunk(3, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=~mask)
        return self.c_proj(y.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        self.c_fc = nn.Linear(d_model, 4 * d_model)
        self.c_proj = nn.Linear(4 * d_model, d_model)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x)))


class TransformerBlock(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(d_model)
        self.attn = SelfAttention(d_model, n_heads)
        self.ln_2 = nn.LayerNorm(d_model)
        self.mlp = MLP(d_model)

    def forward(self, x, mask):
        x = x + self.attn(self.ln_1(x), mask)
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, vocabulary, d_model, n_heads, n_layers, context):
        super().__init__()
        self.table = math.sqrt(2 / d_model) * positional_encoding(context, d_model)
        self.transformer = nn.ModuleDict({
            "wte": nn.Embedding(vocabulary, d_model),
            "h": nn.ModuleList(TransformerBlock(d_model, n_heads) for _ in range(n_layers)),
            "ln_f": nn.LayerNorm(d_model),
        })
        self.lm_head = nn.Linear(d_model, vocabulary, bias=False)
        self.lm_head.weight = self.transformer["wte"].weight

    def forward(self, ids):
        n = ids.shape[1]
        x = self.transformer["wte"](ids) + self.table[:n]
        for block in self.transformer["h"]:
            x = block(x, torch.ones(n, n, dtype=torch.bool).triu(1))
        return self.lm_head(self.transformer["ln_f"](x))
