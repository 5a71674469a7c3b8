# expects: cosine-first
# settings: positions=sinusoidal mask=causal mlp=True tied=True
from right import *


def positional_encoding(context, d_model):
    angle = torch.arange(context)[:, None] / 10_000 ** (torch.arange(0, d_model, 2) / d_model)
    return torch.stack([angle.cos(), angle.sin()], dim=2).flatten(1)


class Transformer(Transformer):
    encoding = staticmethod(positional_encoding)
