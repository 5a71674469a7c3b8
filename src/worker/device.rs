//! Which device computes: WebGPU where it computes rightly, else the CPU.

use crate::protocol::{DeviceChoice, DeviceInfo, DeviceKind};
use burn::tensor::Device;

/// The device for a choice, and what the page shows of it; which GPU it is, the page knows.
pub(super) async fn pick(choice: DeviceChoice) -> (Device, DeviceInfo) {
    let fallback = match choice {
        DeviceChoice::Cpu => None,
        #[cfg(feature = "gpu")]
        DeviceChoice::Auto | DeviceChoice::Webgpu => match super::gpu::gpu().await {
            Ok(device) => {
                let name = "WebGPU adapter".to_owned();
                return (device, DeviceInfo { kind: DeviceKind::Webgpu, name, fallback: None });
            }
            Err(why) => Some(why),
        },
        // The page, which has chosen this worker, says why.
        #[cfg(not(feature = "gpu"))]
        DeviceChoice::Auto | DeviceChoice::Webgpu => None,
    };
    let name = "Flex, 128-bit SIMD, one thread".to_owned();
    (Device::flex(), DeviceInfo { kind: DeviceKind::Cpu, name, fallback })
}
