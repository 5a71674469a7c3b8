from right import *


class Head(nn.Module):
    def __init__(self, d_model, d_head, scale):
        super().__init__()
        self.scale = scale
        self.key = nn.Linear(d_model, d_head, bias=False)
        self.query = nn.Linear(d_model, d_head, bias=False)
        self.value = nn.Linear(d_model, d_head, bias=False)

    def forward(self, x, mask):
        x = x[:, None]
        return scaled_dot_product_attention(self.query(x), self.key(x), self.value(x), mask, self.scale)[0][:, 0]


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, d_head, scale):
        super().__init__()
        self.heads = nn.ModuleList(Head(d_model, d_head, scale) for _ in range(n_heads))
        self.proj = nn.Linear(n_heads * d_head, d_model, bias=False)

    def forward(self, x, mask=None):
        return self.proj(torch.cat([head(x, mask) for head in self.heads], dim=2))
