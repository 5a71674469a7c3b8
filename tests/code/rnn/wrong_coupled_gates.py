# expects: coupled-gates
import right
from right import VanillaRNN  # noqa: F401


class LSTM(right.LSTM):
    def cell(self, i, f, g, o, c):
        return super().cell(1 - f, f, g, o, c)
