# expects: shared-norm
import right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def branch(self, x):
        return self.bn2(self.conv2(F.relu(self.bn2(self.conv1(x)))))


class ResNet(right.ResNet):
    Block = BasicBlock
