# expects: relu-before-and-after-sum
# settings: block=basic order=post shortcut=b batch_norm=False
import right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def branch(self, x):
        return F.relu(super().branch(x))


class ResNet(right.ResNet):
    Block = BasicBlock
