# expects: softmax
# settings: block=basic order=post shortcut=b batch_norm=False
import right
from right import BasicBlock  # noqa: F401


class ResNet(right.ResNet):
    def forward(self, x):
        return super().forward(x).softmax(dim=1)
