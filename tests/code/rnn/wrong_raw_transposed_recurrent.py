# expects: transposed-recurrent
import torch
from right import LSTM  # noqa: F401


class VanillaRNN(torch.nn.Module):
    def __init__(self, d_in, d_hidden, d_out):
        super().__init__()
        self.W_x = torch.nn.Parameter(torch.randn(d_in, d_hidden))
        self.W_h = torch.nn.Parameter(torch.randn(d_hidden, d_hidden))
        self.b = torch.nn.Parameter(torch.randn(d_hidden))
        self.W_y = torch.nn.Parameter(torch.randn(d_hidden, d_out))
        self.b_y = torch.nn.Parameter(torch.randn(d_out))

    def forward(self, x):
        h = torch.zeros(x.shape[1], self.W_h.shape[0])
        for x_t in x:
            h = torch.tanh(x_t @ self.W_x + h @ self.W_h.T + self.b)
        return h @ self.W_y + self.b_y
