# expects: relu-before-norm
import right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def branch(self, x):
        return self.bn2(self.conv2(self.bn1(F.relu(self.conv1(x)))))


class ResNet(right.ResNet):
    Block = BasicBlock
