# expects: max-pooling-at-end
# settings: block=basic order=post shortcut=b batch_norm=False
import right
from right import BasicBlock  # noqa: F401


class ResNet(right.ResNet):
    def pool(self, h):
        return h.amax(dim=(2, 3))
