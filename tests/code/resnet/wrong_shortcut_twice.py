# expects: shortcut-twice
# settings: block=basic order=post shortcut=b batch_norm=False
import right


class BasicBlock(right.BasicBlock):
    def shortcut(self, x):
        return 2 * super().shortcut(x)


class ResNet(right.ResNet):
    Block = BasicBlock
