# expects: detached-cell
import right
from right import VanillaRNN  # noqa: F401


class LSTM(right.LSTM):
    def cell(self, i, f, g, o, c):
        return super().cell(i, f, g, o, c.detach())
