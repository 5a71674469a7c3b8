# expects: eval-mode
# settings: block=basic order=post shortcut=b batch_norm=True
import right_batch_norm as right
import torch.nn.functional as F
from torch import nn


class Norm(nn.BatchNorm2d):
    def forward(self, x):
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias)


class BasicBlock(right.BasicBlock):
    Norm = Norm


class ResNet(right.ResNet):
    Block = BasicBlock
