# expects: no-bias
import right
import torch


class VanillaRNN(right.VanillaRNN):
    def __init__(self, d_in, d_hidden, d_out):
        super().__init__(d_in, d_hidden, d_out)
        self.W_x = torch.nn.Linear(d_in, d_hidden, bias=False)


class LSTM(right.LSTM):
    def __init__(self, d_in, d_hidden, d_out):
        super().__init__(d_in, d_hidden, d_out)
        self.i2h = torch.nn.Linear(d_in, 4 * d_hidden, bias=False)
