# expects: no-tanh
import right
from right import LSTM  # noqa: F401


class VanillaRNN(right.VanillaRNN):
    def step(self, x_t, h):
        return self.W_x(x_t) + self.W_h(h)
