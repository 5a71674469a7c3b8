//! The rules that turn gradients into steps.

crate::choices! {
    /// Which rule.
    pub enum Optimizer {
        /// Kingma and Ba 2015, with beta 0.9 and 0.999 and epsilon 1e-8.
        Adam = "adam", "Adam";
        /// `v <- 0.9 v + g`, `w <- w - lr v`.
        Momentum = "momentum", "SGD + momentum";
        /// `w <- w - lr g`.
        Sgd = "sgd", "SGD";
    }
}

#[cfg(feature = "compute")]
impl Optimizer {
    /// The rule, with no memory of earlier steps. It agrees with PyTorch's to float rounding.
    pub fn init(self) -> burn::optim::ModuleOptimizer {
        use burn::optim::{AdamConfig, SgdConfig, momentum::MomentumConfig};
        match self {
            // burn's default epsilon is 1e-5, the paper's is 1e-8.
            Self::Adam => AdamConfig::new().with_epsilon(1e-8).init(),
            // burn dampens by 0.1 unless told otherwise; the textbook does not.
            Self::Momentum => {
                SgdConfig::new().with_momentum(Some(MomentumConfig::new().with_dampening(0.0))).init()
            }
            Self::Sgd => SgdConfig::new().init(),
        }
    }
}
