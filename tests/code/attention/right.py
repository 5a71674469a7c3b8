import torch
from torch import nn


def scaled_dot_product_attention(Q, K, V, mask=None, scale=1.0):
    scores = torch.einsum("bhqd,bhkd->bhqk", Q, K) * scale
    if mask is not None:
        scores = scores.masked_fill(mask, float("-inf"))
    weights = torch.softmax(scores, dim=-1)
    return weights @ V, weights


class MultiHeadAttention(nn.Module):
    attend = staticmethod(scaled_dot_product_attention)
    bias = False

    def __init__(self, d_model, n_heads, d_head, scale):
        super().__init__()
        self.n_heads, self.d_head, self.scale = n_heads, d_head, scale
        self.W_q = nn.Linear(d_model, n_heads * d_head, bias=self.bias)
        self.W_k = nn.Linear(d_model, n_heads * d_head, bias=self.bias)
        self.W_v = nn.Linear(d_model, n_heads * d_head, bias=self.bias)
        self.W_o = nn.Linear(n_heads * d_head, d_model, bias=self.bias)

    def split(self, x):
        return x.view(*x.shape[:2], self.n_heads, self.d_head).transpose(1, 2)

    def merge(self, heads):
        return heads.transpose(1, 2).reshape(heads.shape[0], heads.shape[2], -1)

    def forward(self, x, mask=None):
        Q, K, V = self.split(self.W_q(x)), self.split(self.W_k(x)), self.split(self.W_v(x))
        return self.W_o(self.merge(self.attend(Q, K, V, mask, self.scale)[0]))
