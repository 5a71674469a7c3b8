# expects: averaged
# settings: block=basic order=post shortcut=b batch_norm=False
import right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def forward(self, x):
        out = self.branch(x)
        if self.residual:
            out = (out + self.shortcut(x)) / 2
        return F.relu(out)


class ResNet(right.ResNet):
    Block = BasicBlock
