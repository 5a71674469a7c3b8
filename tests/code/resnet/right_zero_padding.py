# settings: block=basic order=post shortcut=a batch_norm=True
import right_batch_norm
import torch.nn.functional as F


class BasicBlock(right_batch_norm.BasicBlock):
    def __init__(self, in_ch, channels, stride, residual=True):
        super().__init__(in_ch, channels, stride, residual)
        del self.shortcut
        self.stride, self.zeros = stride, channels - in_ch

    def subsample(self, x):
        return x[:, :, :: self.stride, :: self.stride]

    def append(self, x):
        return F.pad(x, (0, 0, 0, 0, 0, self.zeros))

    def forward(self, x):
        out = self.branch(x)
        if self.residual:
            out = out + self.append(self.subsample(x))
        return F.relu(out)


class ResNet(right_batch_norm.ResNet):
    Block = BasicBlock
