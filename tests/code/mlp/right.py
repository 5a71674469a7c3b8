from torch import nn


class MLP(nn.Module):
    def __init__(self, d_in, hidden_dims, d_out, activation):
        super().__init__()
        dims = [d_in] + hidden_dims + [d_out]
        self.linears = nn.ModuleList(self.linear(n, m) for n, m in zip(dims[:-1], dims[1:]))
        self.activation = activation

    def linear(self, n, m):
        return nn.Linear(n, m)

    def affine(self, layer, h):
        return layer(h)

    def hidden(self, h):
        for layer in self.linears[:-1]:
            h = self.activation(self.affine(layer, h))
        return h

    def forward(self, x):
        return self.affine(self.linears[-1], self.hidden(x))
