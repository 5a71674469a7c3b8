# expects: odd-pixels
# settings: block=basic order=post shortcut=a batch_norm=True
import right_zero_padding as right


class BasicBlock(right.BasicBlock):
    def subsample(self, x):
        return x.flip(2, 3)[:, :, :: self.stride, :: self.stride].flip(2, 3)


class ResNet(right.ResNet):
    Block = BasicBlock
