# expects: relu-after-sum
# settings: block=bottleneck order=pre shortcut=b batch_norm=True
import right_pre_activation as right
import torch.nn.functional as F


class Bottleneck(right.Bottleneck):
    def forward(self, x):
        return F.relu(super().forward(x))


class ResNet(right.ResNet):
    Block = Bottleneck
