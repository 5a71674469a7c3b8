# expects: kernel-flipped
# settings: block=basic order=post shortcut=b batch_norm=False
import right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def convolve(self, layer, x):
        return F.conv2d(x, layer.weight.flip(2, 3), layer.bias, layer.stride, padding=1)

    def branch(self, x):
        return self.convolve(self.conv2, F.relu(self.convolve(self.conv1, x)))


class ResNet(right.ResNet):
    Block = BasicBlock
