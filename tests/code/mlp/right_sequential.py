from torch import nn


class MLP(nn.Module):
    def __init__(self, d_in, hidden_dims, d_out, activation):
        super().__init__()
        layers = []
        for width in hidden_dims:
            layers += [nn.Linear(d_in, width), activation]
            d_in = width
        self.net = nn.Sequential(*layers, nn.Linear(d_in, d_out))

    def forward(self, x):
        return self.net(x)
