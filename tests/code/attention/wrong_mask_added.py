# expects: mask-added
from right import *


def scaled_dot_product_attention(Q, K, V, mask=None, scale=1.0):
    scores = Q @ K.transpose(-2, -1) * scale
    if mask is not None:
        scores = scores + mask
    weights = torch.softmax(scores, dim=-1)
    return weights @ V, weights


class MultiHeadAttention(MultiHeadAttention):
    attend = staticmethod(scaled_dot_product_attention)
