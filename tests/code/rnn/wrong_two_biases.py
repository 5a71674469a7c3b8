# expects: two-biases
import right
import torch


class VanillaRNN(right.VanillaRNN):
    def __init__(self, d_in, d_hidden, d_out):
        super().__init__(d_in, d_hidden, d_out)
        self.W_h = torch.nn.Linear(d_hidden, d_hidden)


class LSTM(right.LSTM):
    def __init__(self, d_in, d_hidden, d_out):
        super().__init__(d_in, d_hidden, d_out)
        self.h2h = torch.nn.Linear(d_hidden, 4 * d_hidden)
