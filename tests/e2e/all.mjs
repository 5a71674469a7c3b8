// Every browser test, in one process and with one browser, one after the other: two cores are enough.

import './binary.test.mjs';
import './mlp.test.mjs';
import './webgpu.test.mjs';
import './robustness.test.mjs';
import './registry.test.mjs';
