# expects: mask-after-softmax
from right import *


def scaled_dot_product_attention(Q, K, V, mask=None, scale=1.0):
    scores = Q @ K.transpose(-2, -1) * scale
    weights = torch.softmax(scores, dim=-1)
    if mask is not None:
        weights = weights.masked_fill(mask, 0)
    return weights @ V, weights


class MultiHeadAttention(MultiHeadAttention):
    attend = staticmethod(scaled_dot_product_attention)
