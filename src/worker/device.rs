//! The device that this worker was built for.

use crate::core::LabError;
use crate::protocol::{DeviceInfo, DeviceKind};
use burn::tensor::Device;

/// Returns the device and its kind. The page knows the name of the GPU.
///
/// # Errors
///
/// Returns the reason if there is no GPU that computes correctly.
#[cfg(feature = "gpu")]
pub(super) async fn pick() -> Result<(Device, DeviceKind), LabError> {
    Ok((crate::worker::gpu::gpu().await?, DeviceKind::Webgpu))
}

/// Returns the device and its kind.
#[cfg(not(feature = "gpu"))]
pub(super) async fn pick() -> Result<(Device, DeviceKind), LabError> {
    Ok((Device::flex(), DeviceKind::Cpu))
}

/// Returns the device for the page. If the GPU cannot be used, the worker for the CPU computes in its place.
pub(super) async fn info() -> DeviceInfo {
    match pick().await {
        Ok((_, DeviceKind::Webgpu)) => {
            DeviceInfo { kind: DeviceKind::Webgpu, name: "WebGPU adapter".to_owned(), fallback: None }
        }
        Ok((_, DeviceKind::Cpu)) => DeviceInfo::cpu(None),
        Err(why) => DeviceInfo::cpu(Some(why.to_string())),
    }
}
