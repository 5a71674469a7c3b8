# expects: relu-missing-before-3x3
# settings: block=bottleneck order=pre shortcut=b batch_norm=True
import right_pre_activation as right
import torch.nn.functional as F


class Bottleneck(right.Bottleneck):
    def branch(self, a):
        h = self.conv1(a)
        h = self.conv2(self.norm2(h))
        return self.conv3(F.relu(self.norm3(h)))


class ResNet(right.ResNet):
    Block = Bottleneck
