from right import *


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, d_head, scale):
        super().__init__()
        self.n_heads, self.scale = n_heads, scale
        self.W_Q = nn.Parameter(torch.randn(d_model, n_heads * d_head))
        self.W_K = nn.Parameter(torch.randn(d_model, n_heads * d_head))
        self.W_V = nn.Parameter(torch.randn(d_model, n_heads * d_head))
        self.W_O = nn.Parameter(torch.randn(n_heads * d_head, d_model))

    def forward(self, x, mask=None):
        Q, K, V = ((x @ W).unflatten(2, (self.n_heads, -1)).transpose(1, 2) for W in (self.W_Q, self.W_K, self.W_V))
        return scaled_dot_product_attention(Q, K, V, mask, self.scale)[0].transpose(1, 2).flatten(2) @ self.W_O
