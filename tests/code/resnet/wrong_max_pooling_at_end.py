# expects: max-pooling-at-end
import right
from right import BasicBlock  # noqa: F401


class ResNet(right.ResNet):
    def pool(self, h):
        return h.amax(dim=(2, 3))
