# expects: detached-branch
# settings: block=basic order=post shortcut=b batch_norm=False
import right


class BasicBlock(right.BasicBlock):
    def branch(self, x):
        return super().branch(x.data)


class ResNet(right.ResNet):
    Block = BasicBlock
