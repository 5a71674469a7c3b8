//! Seeded initialization, the same on every device.

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use chacha20::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;

/// Draws initial weights on the host. burn's own initializers draw on the device, where CPU and GPU differ;
/// here, a seed gives the same network everywhere.
#[derive(Debug)]
pub struct WeightRng(ChaCha12Rng);

impl WeightRng {
    /// Creates a stream that depends only on the seed.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(seed ^ 0x57a7_f00d))
    }

    /// Draws a tensor from N(0, std^2).
    pub fn normal<const D: usize>(
        &mut self,
        shape: [usize; D],
        std: f32,
        device: &Device,
    ) -> Param<Tensor<D>> {
        let n = shape.iter().product();
        let values: Vec<f32> = (0..n).map(|_| std * self.0.sample::<f32, _>(StandardNormal)).collect();
        Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
    }

    /// Draws a tensor from U(-bound, bound).
    pub fn uniform<const D: usize>(
        &mut self,
        shape: [usize; D],
        bound: f32,
        device: &Device,
    ) -> Param<Tensor<D>> {
        let n = shape.iter().product();
        let values: Vec<f32> = (0..n).map(|_| bound * (2.0 * self.0.random::<f32>() - 1.0)).collect();
        Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
    }

    /// Draws `n` numbers from U(low, high).
    pub fn between(&mut self, low: f32, high: f32, n: usize) -> Vec<f32> {
        (0..n).map(|_| low + (high - low) * self.0.random::<f32>()).collect()
    }

    /// Draws a linear layer with weight `[d_in, d_out]` and bias from U(-bound, bound).
    pub fn linear(&mut self, d_in: usize, d_out: usize, bound: f32, device: &Device) -> Linear {
        Linear {
            weight: self.uniform([d_in, d_out], bound, device),
            bias: Some(self.uniform([d_out], bound, device)),
        }
    }
}

/// Returns the number of weights and biases, counted from the module itself. The running statistics of batch
/// norm do not count, because they are not trained.
pub fn count_params(module: &impl Module) -> usize {
    const RUNNING: &str = "running_";
    #[derive(Default)]
    struct Counter {
        params: usize,
        /// The number of enclosing fields that are running statistics.
        running: usize,
    }
    impl ModuleVisitor for Counter {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.running == 0 {
                self.params += param.shape().num_elements();
            }
        }
        fn enter_module(&mut self, name: &str, _: &str) {
            self.running += usize::from(name.starts_with(RUNNING));
        }
        fn exit_module(&mut self, name: &str, _: &str) {
            self.running -= usize::from(name.starts_with(RUNNING));
        }
    }
    let mut counter = Counter::default();
    module.visit(&mut counter);
    counter.params
}
