from right import *


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, d_head, scale):
        super().__init__()
        self.n_heads, self.scale = n_heads, scale
        self.c_attn = nn.Linear(d_model, 3 * n_heads * d_head, bias=False)
        self.c_proj = nn.Linear(n_heads * d_head, d_model, bias=False)

    def forward(self, x, mask=None):
        Q, K, V = (part.unflatten(2, (self.n_heads, -1)).transpose(1, 2) for part in self.c_attn(x).chunk(3, dim=2))
        heads, weights = scaled_dot_product_attention(Q, K, V, mask, self.scale)
        return self.c_proj(heads.transpose(1, 2).flatten(2)), weights
