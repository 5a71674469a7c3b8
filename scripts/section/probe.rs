//! Measurements that need no training: none in this section.

use super::{Config, Section};
use crate::core::LabError;
use crate::run::{Probe, RunContext};
use burn::tensor::Device;

impl Probe for Section {
    async fn probe(_: Config, _: &Device, _: &mut impl RunContext<Self>) -> Result<(), LabError> {
        Ok(())
    }
}
