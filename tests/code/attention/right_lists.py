from right import *


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, d_head, scale):
        super().__init__()
        self.scale = scale
        self.W_q = nn.ModuleList(nn.Linear(d_model, d_head, bias=False) for _ in range(n_heads))
        self.W_k = nn.ModuleList(nn.Linear(d_model, d_head, bias=False) for _ in range(n_heads))
        self.W_v = nn.ModuleList(nn.Linear(d_model, d_head, bias=False) for _ in range(n_heads))
        self.W_o = nn.Linear(n_heads * d_head, d_model, bias=False)

    def forward(self, x, mask=None):
        x = x[:, None]
        heads = [
            scaled_dot_product_attention(q(x), k(x), v(x), mask, self.scale)[0][:, 0]
            for q, k, v in zip(self.W_q, self.W_k, self.W_v)
        ]
        return self.W_o(torch.cat(heads, dim=2))
