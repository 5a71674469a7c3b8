# expects: inner-relu-missing
import right


class BasicBlock(right.BasicBlock):
    def branch(self, x):
        return self.conv2(self.conv1(x))


class ResNet(right.ResNet):
    Block = BasicBlock
