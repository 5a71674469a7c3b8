# expects: stride-in-second
# settings: block=basic order=post shortcut=b batch_norm=False
import right


class BasicBlock(right.BasicBlock):
    def __init__(self, in_ch, channels, stride, residual=True):
        super().__init__(in_ch, channels, stride, residual)
        self.conv1 = self.conv(in_ch, channels, 1)
        self.conv2 = self.conv(channels, channels, stride)


class ResNet(right.ResNet):
    Block = BasicBlock
