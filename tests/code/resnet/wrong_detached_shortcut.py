# expects: detached-shortcut
import right


class BasicBlock(right.BasicBlock):
    def shortcut(self, x):
        return super().shortcut(x).detach()


class ResNet(right.ResNet):
    Block = BasicBlock
