# expects: stem-relu-missing
# settings: block=basic order=post shortcut=b batch_norm=False
import right
from right import BasicBlock  # noqa: F401


class ResNet(right.ResNet):
    def forward(self, x):
        h = self.layer3(self.layer2(self.layer1(self.stem(x))))
        return self.fc(self.pool(h))
