# expects: bias
from right import *


class MultiHeadAttention(MultiHeadAttention):
    bias = True
