//! The rules that turn gradients into steps.

#[cfg(feature = "compute")]
use crate::run::{adamw::AdamW, training::clip_by_global_norm};
#[cfg(feature = "compute")]
use burn::{module::Module, optim::GradientsParams};

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

/// A rule with what it remembers of earlier steps.
#[cfg(feature = "compute")]
#[allow(clippy::large_enum_variant, reason = "a run has one")]
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "burn's optimizer has none")]
pub enum Rule {
    Adam(AdamW),
    /// burn's, with momentum or without.
    Sgd(burn::optim::ModuleOptimizer),
}

#[cfg(feature = "compute")]
impl Rule {
    /// One step. `max_norm` bounds the norm of the whole gradient.
    pub fn step<M: Module>(
        &mut self,
        learning_rate: f64,
        max_norm: Option<f64>,
        net: M,
        grads: GradientsParams,
    ) -> M {
        match self {
            Self::Adam(rule) => rule.step(learning_rate, max_norm, net, grads),
            Self::Sgd(rule) => {
                let grads = match max_norm {
                    Some(max_norm) => clip_by_global_norm(grads, &net, max_norm),
                    None => grads,
                };
                rule.step(learning_rate, net, grads)
            }
        }
    }
}

#[cfg(feature = "compute")]
impl Optimizer {
    /// The rule, with no memory of earlier steps. It agrees with PyTorch's to float rounding.
    pub fn init(self) -> Rule {
        use burn::optim::{SgdConfig, momentum::MomentumConfig};
        match self {
            Self::Adam => Rule::Adam(AdamW::new(0.9, 0.999, 0.0)),
            // burn dampens by 0.1 unless told otherwise; the textbook does not.
            Self::Momentum => {
                let momentum = MomentumConfig::new().with_dampening(0.0);
                Rule::Sgd(SgdConfig::new().with_momentum(Some(momentum)).init())
            }
            Self::Sgd => Rule::Sgd(SgdConfig::new().init()),
        }
    }
}
