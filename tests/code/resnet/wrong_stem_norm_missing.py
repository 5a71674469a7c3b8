# expects: stem-norm-missing
# settings: block=basic order=post shortcut=b batch_norm=True
import right_batch_norm as right
import torch.nn.functional as F
from right_batch_norm import BasicBlock  # noqa: F401


class ResNet(right.ResNet):
    def stem(self, x):
        return F.relu(self.conv1(x))
