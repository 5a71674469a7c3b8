//! Which device computes: the one that this worker was built for.

use crate::core::LabError;
use crate::protocol::{DeviceInfo, DeviceKind};
use burn::tensor::Device;

/// The device and its kind; an error says why there is none. Which GPU it is, the page knows.
#[cfg(feature = "gpu")]
pub(super) async fn pick() -> Result<(Device, DeviceKind), LabError> {
    let device = super::gpu::gpu().await.map_err(LabError::Device)?;
    Ok((device, DeviceKind::Webgpu))
}

/// The device and its kind.
#[cfg(not(feature = "gpu"))]
pub(super) async fn pick() -> Result<(Device, DeviceKind), LabError> {
    Ok((Device::flex(), DeviceKind::Cpu))
}

/// What the page is told. Where the GPU is not used, the worker for the CPU computes in its place.
pub(super) async fn info() -> DeviceInfo {
    match pick().await {
        Ok((_, DeviceKind::Webgpu)) => {
            DeviceInfo { kind: DeviceKind::Webgpu, name: "WebGPU adapter".to_owned(), fallback: None }
        }
        Ok((_, DeviceKind::Cpu)) => DeviceInfo::cpu(None),
        Err(why) => DeviceInfo::cpu(Some(why.to_string())),
    }
}
