# expects: zeros-on-both-sides
# settings: block=basic order=post shortcut=a batch_norm=True
import right_zero_padding as right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def append(self, x):
        return F.pad(x, (0, 0, 0, 0, self.zeros // 2, self.zeros // 2))


class ResNet(right.ResNet):
    Block = BasicBlock
