# expects: relu-of-shortcut
import right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def shortcut(self, x):
        return F.relu(super().shortcut(x))


class ResNet(right.ResNet):
    Block = BasicBlock
