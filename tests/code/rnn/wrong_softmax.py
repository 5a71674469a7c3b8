# expects: softmax
import right
import torch


class VanillaRNN(right.VanillaRNN):
    def forward(self, x):
        return torch.softmax(super().forward(x), dim=1)


class LSTM(right.LSTM):
    def forward(self, x):
        return torch.softmax(super().forward(x), dim=1)
