# expects: last-activation-missing
# settings: block=bottleneck order=pre shortcut=b batch_norm=True
import right_pre_activation as right
from right_pre_activation import Bottleneck  # noqa: F401


class ResNet(right.ResNet):
    def last(self, h):
        return h
