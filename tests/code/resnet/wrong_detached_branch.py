# expects: detached-branch
import right


class BasicBlock(right.BasicBlock):
    def branch(self, x):
        return super().branch(x.data)


class ResNet(right.ResNet):
    Block = BasicBlock
