# expects: difference
import right


class BasicBlock(right.BasicBlock):
    def shortcut(self, x):
        return -super().shortcut(x)


class ResNet(right.ResNet):
    Block = BasicBlock
