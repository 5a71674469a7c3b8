# expects: detached-shortcut
import right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def forward(self, x):
        out = self.branch(x)
        if self.residual:
            out = out + self.shortcut(x.detach())
        return F.relu(out)


class ResNet(right.ResNet):
    Block = BasicBlock
