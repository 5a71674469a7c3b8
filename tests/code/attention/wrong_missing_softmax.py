# expects: missing-softmax
from right import *


def scaled_dot_product_attention(Q, K, V, mask=None, scale=1.0):
    scores = Q @ K.transpose(-2, -1) * scale
    if mask is not None:
        scores = scores.masked_fill(mask, 0)
    return scores @ V, scores


class MultiHeadAttention(MultiHeadAttention):
    attend = staticmethod(scaled_dot_product_attention)
