# expects: pre-activation
# settings: block=basic order=post shortcut=b batch_norm=False
import right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def forward(self, x):
        out = self.conv2(F.relu(self.conv1(F.relu(x))))
        return out + self.shortcut(x) if self.residual else out


class ResNet(right.ResNet):
    Block = BasicBlock
