# expects: detached
from right import MLP as Right


class MLP(Right):
    def affine(self, layer, h):
        return layer(h.detach())
