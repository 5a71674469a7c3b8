# expects: stride-missing
# settings: block=basic order=post shortcut=b batch_norm=False
import right
from right import BasicBlock  # noqa: F401


class ResNet(right.ResNet):
    strides = (1, 1, 1)
