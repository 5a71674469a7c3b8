# expects: difference
# settings: block=basic order=post shortcut=b batch_norm=False
import right


class BasicBlock(right.BasicBlock):
    def shortcut(self, x):
        return -super().shortcut(x)


class ResNet(right.ResNet):
    Block = BasicBlock
