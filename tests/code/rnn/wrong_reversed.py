# expects: reversed
import right
from right import LSTM  # noqa: F401


class VanillaRNN(right.VanillaRNN):
    def forward(self, x):
        return super().forward(x.flip(0))
