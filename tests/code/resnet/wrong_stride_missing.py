# expects: stride-missing
import right
from right import BasicBlock  # noqa: F401


class ResNet(right.ResNet):
    strides = (1, 1, 1)
