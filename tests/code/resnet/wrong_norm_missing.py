# expects: norm-missing
# settings: block=basic order=post shortcut=b batch_norm=True
import right_batch_norm as right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def __init__(self, in_ch, channels, stride, residual=True):
        super().__init__(in_ch, channels, stride, residual)
        del self.bn1, self.bn2
        self.shortcut = self.shortcut[:1]

    def branch(self, x):
        return self.conv2(F.relu(self.conv1(x)))


class ResNet(right.ResNet):
    Block = BasicBlock
