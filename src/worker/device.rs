//! Which device computes: WebGPU where it computes rightly, else the CPU.

use crate::protocol::{DeviceChoice, DeviceInfo, DeviceKind};
use burn::tensor::Device;

/// The device for a choice, and what the page shows of it.
pub(super) async fn pick(choice: DeviceChoice) -> (Device, DeviceInfo) {
    let fallback = match choice {
        DeviceChoice::Cpu => None,
        #[cfg(feature = "gpu")]
        DeviceChoice::Auto | DeviceChoice::Webgpu => match super::gpu::gpu(choice).await {
            Ok(gpu) => {
                let info = DeviceInfo { kind: DeviceKind::Webgpu, name: gpu.adapter.name, fallback: None };
                return (gpu.device, info);
            }
            Err(why) => Some(why),
        },
        #[cfg(not(feature = "gpu"))]
        DeviceChoice::Auto | DeviceChoice::Webgpu => Some("This build has no WebGPU.".to_owned()),
    };
    let name = "Flex, 128-bit SIMD, one thread".to_owned();
    (Device::flex(), DeviceInfo { kind: DeviceKind::Cpu, name, fallback })
}
