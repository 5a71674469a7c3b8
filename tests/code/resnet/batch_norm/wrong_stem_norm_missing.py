# expects: stem-norm-missing
import right
import torch.nn.functional as F
from right import BasicBlock  # noqa: F401


class ResNet(right.ResNet):
    def stem(self, x):
        return F.relu(self.conv1(x))
