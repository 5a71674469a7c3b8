# expects: channels-repeated
# settings: block=basic order=post shortcut=a batch_norm=True
import right_zero_padding as right
import torch


class BasicBlock(right.BasicBlock):
    def append(self, x):
        return torch.cat([x, x[:, : self.zeros]], dim=1)


class ResNet(right.ResNet):
    Block = BasicBlock
