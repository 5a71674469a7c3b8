# expects: no-shortcut
# settings: block=basic order=post shortcut=b batch_norm=False
import right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def forward(self, x):
        return F.relu(self.branch(x))


class ResNet(right.ResNet):
    Block = BasicBlock
