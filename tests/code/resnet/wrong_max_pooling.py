# expects: max-pooling
# settings: block=basic order=post shortcut=a batch_norm=True
import right_zero_padding as right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def subsample(self, x):
        return F.max_pool2d(x, self.stride)


class ResNet(right.ResNet):
    Block = BasicBlock
