//! The optimizers that the user can choose from.

#[cfg(feature = "compute")]
use crate::run::optimizer::Optimizer;

crate::choices! {
    /// The choice of an optimizer.
    pub enum OptimizerKind {
        /// Kingma and Ba 2015, with beta 0.9 and 0.999 and epsilon 1e-8.
        Adam = "adam", "Adam";
        /// `v <- 0.9 v + g`, `w <- w - lr v`.
        Momentum = "momentum", "SGD + momentum";
        /// `w <- w - lr g`.
        Sgd = "sgd", "SGD";
    }
}

#[cfg(feature = "compute")]
impl OptimizerKind {
    /// Creates the optimizer. It agrees with PyTorch's to float rounding.
    pub fn init(self) -> Optimizer {
        match self {
            Self::Adam => Optimizer::adamw(0.9, 0.999, 0.0),
            Self::Momentum => Optimizer::sgd(0.9),
            Self::Sgd => Optimizer::sgd(0.0),
        }
    }
}
