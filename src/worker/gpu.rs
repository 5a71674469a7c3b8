//! WebGPU: found, started and tested before anything is believed.

use crate::models::mlp::{Activation, Mlp};
use crate::models::weights::WeightRng;
use crate::protocol::DeviceChoice;
use crate::run::training::{cross_entropy, read};
use crate::worker::runtime::Signal;
use burn::tensor::{Device, Tensor};
use std::cell::RefCell;
use std::rc::Rc;

/// The outcome of the one attempt at WebGPU in this worker's life.
#[derive(Clone)]
pub(super) struct Gpu {
    pub(super) device: Device,
    pub(super) adapter: Adapter,
}

/// What the browser tells of the adapter.
#[derive(Clone, Debug, Default)]
pub(super) struct Adapter {
    pub(super) name: String,
    /// A software adapter, slower than the CPU path.
    is_fallback: bool,
}

thread_local! {
    static GPU: RefCell<Option<Result<Gpu, String>>> = const { RefCell::new(None) };
    /// Held by the run that tries; a runtime can be started only once, so the others wait for the outcome.
    static TRYING: RefCell<Option<Rc<Signal>>> = const { RefCell::new(None) };
}

/// The GPU, or why it is not used.
pub(super) async fn gpu(choice: DeviceChoice) -> Result<Gpu, String> {
    while let Some(trying) = TRYING.with_borrow(Clone::clone) {
        trying.wait().await;
    }
    if let Some(known) = GPU.with_borrow(Clone::clone) {
        return known.and_then(|gpu| refuse_fallback(gpu, choice));
    }
    let signal = Rc::new(Signal::default());
    TRYING.set(Some(signal.clone()));
    let outcome = try_gpu(choice).await;
    TRYING.set(None);
    signal.notify();
    outcome
}

async fn try_gpu(choice: DeviceChoice) -> Result<Gpu, String> {
    let adapter = adapter().await?;
    if choice == DeviceChoice::Auto && adapter.is_fallback {
        // Not remembered: the visitor may still ask for it.
        return Err(SOFTWARE.to_owned());
    }
    let outcome = match Device::wgpu_options().init_async().await {
        Ok(device) => self_test(&device).await.map(|()| Gpu { device, adapter }),
        Err(error) => Err(format!("WebGPU could not be started: {error:?}.")),
    };
    GPU.set(Some(outcome.clone()));
    outcome
}

const SOFTWARE: &str = "The browser offers only a software adapter, which is slower than the CPU path.";

fn refuse_fallback(gpu: Gpu, choice: DeviceChoice) -> Result<Gpu, String> {
    if choice == DeviceChoice::Auto && gpu.adapter.is_fallback { Err(SOFTWARE.to_owned()) } else { Ok(gpu) }
}

/// Asks the browser which adapter it would give.
async fn adapter() -> Result<Adapter, String> {
    use js_sys::{Function, Object, Promise, Reflect};
    use wasm_bindgen::{JsCast, JsValue};
    let get = |of: &JsValue, key: &str| Reflect::get(of, &key.into()).unwrap_or(JsValue::UNDEFINED);
    let none = || "This browser has no WebGPU.".to_owned();
    let gpu = get(&get(&js_sys::global(), "navigator"), "gpu");
    let request: Function = get(&gpu, "requestAdapter").dyn_into().map_err(|_| none())?;
    let options = Object::new();
    // What burn asks for too; a laptop with two GPUs answers differently without it.
    let _ = Reflect::set(&options, &"powerPreference".into(), &"high-performance".into());
    let promise: Promise =
        request.call1(&gpu, &options).ok().and_then(|p| p.dyn_into().ok()).ok_or_else(none)?;
    let adapter = wasm_bindgen_futures::JsFuture::from(promise).await.unwrap_or(JsValue::NULL);
    if adapter.is_falsy() {
        return Err("This browser knows WebGPU, but finds no adapter for it.".to_owned());
    }
    let info = get(&adapter, "info");
    let text = |key: &str| get(&info, key).as_string().filter(|text| !text.is_empty());
    let words: Vec<String> =
        [text("vendor"), text("architecture"), text("description")].into_iter().flatten().collect();
    let name = if words.is_empty() { "WebGPU adapter".to_owned() } else { words.join(" ") };
    let is_fallback =
        get(&info, "isFallbackAdapter").is_truthy() || get(&adapter, "isFallbackAdapter").is_truthy();
    Ok(Adapter { name, is_fallback })
}

/// Shader errors are only logged in a browser, and the results are then silently wrong. So a small net's loss and
/// gradient are held against the CPU's before anything is believed.
async fn self_test(device: &Device) -> Result<(), String> {
    const TOLERANCE: f32 = 1e-3;
    let ours = small_net(device).await.map_err(|error| error.to_string())?;
    let reference = small_net(&Device::flex()).await.map_err(|error| error.to_string())?;
    let off = ours.iter().zip(&reference).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max);
    if ours.len() == reference.len() && off <= TOLERANCE && ours.iter().all(|v| v.is_finite()) {
        Ok(())
    } else {
        Err(format!("The GPU computes wrongly: a small network differs from the CPU's by {off:.1e}."))
    }
}

/// Products, sums, activations and a softmax, forwards and backwards.
async fn small_net(device: &Device) -> Result<Vec<f32>, crate::core::LabError> {
    let device = device.clone().autodiff();
    let mut values = Vec::new();
    for activation in [Activation::Relu, Activation::Gelu, Activation::Tanh, Activation::Sigmoid] {
        let net = Mlp::new(3, &[8, 8], 4, activation, true, &mut WeightRng::new(3), &device);
        let x = WeightRng::new(4).uniform([5, 3], 1.0, &device).val().detach();
        let y = Tensor::<2>::eye(5, &device).slice([0..5, 0..4]);
        let loss = cross_entropy(net.forward(x), y);
        let grads = loss.backward();
        values.extend(read(loss.inner()).await?);
        if let Some(grad) = net.layers.first().and_then(|layer| layer.weight.val().grad(&grads)) {
            values.extend(read(grad).await?);
        }
    }
    Ok(values)
}
