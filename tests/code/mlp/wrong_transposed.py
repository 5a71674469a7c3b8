# expects: transposed
from right import MLP as Right


class MLP(Right):
    def affine(self, layer, h):
        weight = layer.weight if h.shape[1] == layer.weight.shape[0] else layer.weight.T
        return h @ weight + layer.bias
