//! The networks of the settings, for the probe and for training.

use super::{Alphabet, Config, ForgetBias};
use crate::core::LabError;
use crate::data::recall::Recall;
use crate::models::lstm::{ForgetBias as InitialBias, Lstm};
use crate::models::rnn::VanillaRnn;
use crate::models::weights::WeightRng;
use crate::run::spectrum::spectral_radius;
use crate::run::training::read;
use burn::tensor::Device;

/// Returns the recall task of the settings.
pub fn task(config: &Config) -> Recall {
    Recall {
        seq_len: config.seq_len as usize,
        n_classes: config.n_classes as usize,
        n_distractors: match config.alphabet {
            Alphabet::Separate => config.n_distractors as usize,
            Alphabet::Shared => 0,
        },
    }
}

/// Builds the RNN of the settings. Its recurrent weights are scaled to the spectral radius of the settings.
///
/// # Errors
/// Fails if the weights cannot be read or their eigenvalues are not found.
pub async fn rnn(config: &Config, device: &Device) -> Result<VanillaRnn, LabError> {
    let (d_in, d_h, d_out) = dims(config);
    let mut rng = WeightRng::new(config.seed.into());
    let net = VanillaRnn::new(d_in, d_h, d_out, &mut rng, device);
    let weights = read(net.recurrent.val().inner()).await?;
    let radius = spectral_radius(d_h, &weights).filter(|radius| *radius > 0.0).ok_or_else(|| {
        LabError::Config(
            "The eigenvalues of the recurrent weights could not be found. Choose another seed.".to_owned(),
        )
    })?;
    Ok(net.scale_recurrent((config.spectral_radius / radius) as f32))
}

/// Builds the LSTM of the settings.
pub fn lstm(config: &Config, device: &Device) -> Lstm {
    let (d_in, d_h, d_out) = dims(config);
    let forget_bias = match config.forget_bias {
        ForgetBias::Chrono => InitialBias::Chrono { t_max: config.length() as usize },
        ForgetBias::One => InitialBias::Constant(1.0),
        ForgetBias::Zero => InitialBias::Constant(0.0),
    };
    let mut rng = WeightRng::new(u64::from(config.seed) + (1 << 32));
    Lstm::new(d_in, d_h, d_out, forget_bias, &mut rng, device)
}

fn dims(config: &Config) -> (usize, usize, usize) {
    (config.d_in() as usize, config.d_hidden as usize, config.classes() as usize)
}
