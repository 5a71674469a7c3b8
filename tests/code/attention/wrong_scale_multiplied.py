# expects: scale-divided
from right import *


def scaled_dot_product_attention(Q, K, V, mask=None, scale=1.0):
    scores = Q @ K.transpose(-2, -1) * Q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(mask, -1e9)
    weights = torch.softmax(scores, dim=-1)
    return weights @ V, weights


class MultiHeadAttention(MultiHeadAttention):
    attend = staticmethod(scaled_dot_product_attention)
