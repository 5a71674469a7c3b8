# expects: last-relu-missing
# settings: block=basic order=post shortcut=b batch_norm=False
import right


class BasicBlock(right.BasicBlock):
    def forward(self, x):
        out = self.branch(x)
        return out + self.shortcut(x) if self.residual else out


class ResNet(right.ResNet):
    Block = BasicBlock
