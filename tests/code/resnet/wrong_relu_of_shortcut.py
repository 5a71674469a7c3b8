# expects: relu-of-shortcut
# settings: block=basic order=post shortcut=b batch_norm=False
import right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def shortcut(self, x):
        return F.relu(super().shortcut(x))


class ResNet(right.ResNet):
    Block = BasicBlock
