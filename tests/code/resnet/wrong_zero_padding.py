# expects: zero-padding
# settings: block=basic order=post shortcut=b batch_norm=False
import right
import torch.nn.functional as F


class BasicBlock(right.BasicBlock):
    def __init__(self, in_ch, channels, stride, residual=True):
        super().__init__(in_ch, channels, stride, residual)
        self.skip = None
        self.stride, self.new_channels = stride, channels - in_ch

    def shortcut(self, x):
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new_channels))


class ResNet(right.ResNet):
    Block = BasicBlock
