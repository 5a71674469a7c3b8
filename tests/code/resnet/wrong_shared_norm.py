# expects: shared-norm
# settings: block=basic order=post shortcut=b batch_norm=True
import right_batch_norm as right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def branch(self, x):
        return self.bn2(self.conv2(F.relu(self.bn2(self.conv1(x)))))


class ResNet(right.ResNet):
    Block = BasicBlock
