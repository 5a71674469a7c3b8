# expects: no-shortcut
import right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def forward(self, x):
        return F.relu(self.branch(x))


class ResNet(right.ResNet):
    Block = BasicBlock
