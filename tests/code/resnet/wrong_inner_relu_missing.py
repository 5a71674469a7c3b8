# expects: inner-relu-missing
# settings: block=basic order=post shortcut=b batch_norm=False
import right


class BasicBlock(right.BasicBlock):
    def branch(self, x):
        return self.conv2(self.conv1(x))


class ResNet(right.ResNet):
    Block = BasicBlock
