# expects: relu-before-sum
# settings: block=basic order=post shortcut=b batch_norm=False
import right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def forward(self, x):
        out = F.relu(self.branch(x))
        return out + self.shortcut(x) if self.residual else out


class ResNet(right.ResNet):
    Block = BasicBlock
