# settings: positions=sinusoidal mask=causal mlp=True tied=True
"""A right solution for the default settings."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def positional_encoding(context, d_model):
    position = torch.arange(context).unsqueeze(1)
    angle = position * torch.exp(-math.log(10_000) * torch.arange(0, d_model, 2) / d_model)
    table = torch.zeros(context, d_model)
    table[:, 0::2], table[:, 1::2] = angle.sin(), angle.cos()
    return table


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.output = nn.Linear(d_model, d_model)

    def split(self, x):
        batch, n, d_model = x.shape
        return x.view(batch, n, self.n_heads, d_model // self.n_heads).transpose(1, 2)

    def scores(self, q, k):
        return q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])

    def weights(self, scores, mask):
        return scores.masked_fill(mask, -math.inf).softmax(dim=-1)

    def merge(self, x):
        batch, n_heads, n, d_head = x.shape
        return x.transpose(1, 2).reshape(batch, n, n_heads * d_head)

    def forward(self, x, mask):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        return self.output(self.merge(self.weights(self.scores(q, k), mask) @ v))


class TransformerBlock(nn.Module):
    attention_class = MultiHeadAttention
    norm_class = nn.LayerNorm

    def __init__(self, d_model, n_heads):
        super().__init__()
        self.norm_attention = self.norm_class(d_model)
        self.attention = self.attention_class(d_model, n_heads)
        self.norm_mlp = self.norm_class(d_model)
        self.up = nn.Linear(d_model, 4 * d_model)
        self.down = nn.Linear(4 * d_model, d_model)

    def mlp(self, x):
        return self.down(F.gelu(self.up(x)))

    def forward(self, x, mask):
        x = x + self.attention(self.norm_attention(x), mask)
        return x + self.mlp(self.norm_mlp(x))


class Transformer(nn.Module):
    block_class = TransformerBlock
    encoding = staticmethod(positional_encoding)

    def __init__(self, vocabulary, d_model, n_heads, n_layers, context):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, d_model)
        self.register_buffer("table", math.sqrt(2 / d_model) * self.encoding(context, d_model))
        self.blocks = nn.ModuleList(self.block_class(d_model, n_heads) for _ in range(n_layers))
        self.norm = self.block_class.norm_class(d_model)

    def embed(self, ids):
        return self.embedding(ids) + self.table[: ids.shape[1]]

    def mask(self, n):
        return torch.ones(n, n, dtype=torch.bool).triu(1)

    def head(self, x):
        return self.norm(x) @ self.embedding.weight.T

    def forward(self, ids):
        x, mask = self.embed(ids), self.mask(ids.shape[1])
        for block in self.blocks:
            x = block(x, mask)
        return self.head(x)
