//! The kinds of workers, and the kind that a choice of the device needs. The worker with WebGPU is
//! several times as large to fetch as the worker for the CPU, so the browser is asked for a GPU before either
//! is fetched.

use crate::protocol::{DeviceChoice, DeviceInfo, DeviceKind};
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// The number of further requests to a browser that has lost its GPU, and the time between them.
const RETRIES: u32 = 4;
const RETRY_MS: i32 = 500;

/// The module that a worker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WorkerKind {
    /// Computes on the CPU.
    Cpu,
    /// Computes on WebGPU.
    Gpu,
    /// Reads the visitor's files.
    Files,
}

impl WorkerKind {
    /// Returns the prefix of the names of its files.
    pub(super) const fn stem(self) -> &'static str {
        match self {
            Self::Cpu => "worker-cpu",
            Self::Gpu => "worker-gpu",
            Self::Files => "worker-files",
        }
    }

    /// Returns its name at the start of a sentence.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Cpu | Self::Gpu => "The worker that trains",
            Self::Files => "The worker that reads files",
        }
    }

    /// Returns its name while it is being fetched.
    pub(super) const fn fetched_name(self) -> &'static str {
        match self {
            Self::Cpu | Self::Gpu => "the worker",
            Self::Files => "the reader of files",
        }
    }
}

impl From<DeviceKind> for WorkerKind {
    fn from(device: DeviceKind) -> Self {
        match device {
            DeviceKind::Cpu => Self::Cpu,
            DeviceKind::Webgpu => Self::Gpu,
        }
    }
}

/// Identifies a worker. Workers of each kind are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WorkerId {
    pub(super) kind: WorkerKind,
    pub(super) number: usize,
}

/// The WebGPU adapter of the browser.
#[derive(Clone, Debug)]
pub(super) enum Adapter {
    /// A GPU with this name.
    Gpu(String),
    /// A software adapter, which is slower than the lab's own CPU path.
    Software(String),
    /// No adapter, with the reason.
    None(&'static str),
}

impl Adapter {
    /// Returns the kind of worker that a choice needs.
    pub(super) const fn kind(&self, choice: DeviceChoice) -> WorkerKind {
        match (choice, self) {
            (DeviceChoice::Cpu, _)
            | (DeviceChoice::Auto, Self::Software(_))
            | (DeviceChoice::Auto | DeviceChoice::Webgpu, Self::None(_)) => WorkerKind::Cpu,
            (DeviceChoice::Auto | DeviceChoice::Webgpu, Self::Gpu(_))
            | (DeviceChoice::Webgpu, Self::Software(_)) => WorkerKind::Gpu,
        }
    }

    /// Adds information that a worker lacks: the name of the GPU, or the reason why none is used.
    pub(super) fn complete(&self, choice: DeviceChoice, info: DeviceInfo) -> DeviceInfo {
        match (info.kind, self) {
            (DeviceKind::Webgpu, Self::Gpu(name) | Self::Software(name)) => {
                DeviceInfo { name: name.clone(), ..info }
            }
            (DeviceKind::Cpu, _) if self.kind(choice) == WorkerKind::Cpu && choice != DeviceChoice::Cpu => {
                let why = match self {
                    Self::None(why) => why,
                    _ => "The browser offers only a software adapter, which is slower than the CPU path.",
                };
                DeviceInfo { fallback: Some(why.to_owned()), ..info }
            }
            _ => info,
        }
    }
}

/// Asks the browser for its adapter. A browser that has just `lost` its GPU needs some time to find it again.
pub(super) async fn adapter(lost: bool) -> Adapter {
    for _ in 0..if lost { RETRIES } else { 0 } {
        match ask().await {
            Adapter::None(_) => sleep(RETRY_MS).await,
            found => return found,
        }
    }
    ask().await
}

async fn sleep(ms: i32) {
    let timer = Promise::new(&mut |resolve, _| {
        // Without the timer, this would wait forever.
        if gloo::utils::window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms).is_err()
        {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    });
    let _ = JsFuture::from(timer).await;
}

async fn ask() -> Adapter {
    const NO_WEBGPU: Adapter = Adapter::None("This browser has no WebGPU.");
    if !has_gpu_worker() {
        return Adapter::None(
            "This development build has no worker for the GPU (yet); ./lab serve --gpu builds it.",
        );
    }
    let get = |of: &JsValue, key: &str| Reflect::get(of, &key.into()).unwrap_or(JsValue::UNDEFINED);
    let gpu = get(&get(&js_sys::global(), "navigator"), "gpu");
    let Ok(request) = get(&gpu, "requestAdapter").dyn_into::<Function>() else { return NO_WEBGPU };
    let options = Object::new();
    // burn requests the same. Without this option, a laptop with two GPUs returns the other one.
    let _ = Reflect::set(&options, &"powerPreference".into(), &"high-performance".into());
    let asked = request.call1(&gpu, &options).ok().and_then(|asked| asked.dyn_into::<Promise>().ok());
    let Some(asked) = asked else { return NO_WEBGPU };
    let adapter = JsFuture::from(asked).await.unwrap_or(JsValue::NULL);
    if adapter.is_falsy() {
        return Adapter::None("This browser knows WebGPU, but finds no adapter for it.");
    }
    let info = get(&adapter, "info");
    let words: Vec<String> = ["vendor", "architecture", "description"]
        .into_iter()
        .filter_map(|key| get(&info, key).as_string().filter(|text| !text.is_empty()))
        .collect();
    let name = if words.is_empty() { "WebGPU adapter".to_owned() } else { words.join(" ") };
    let is_software =
        get(&info, "isFallbackAdapter").is_truthy() || get(&adapter, "isFallbackAdapter").is_truthy();
    if is_software { Adapter::Software(name) } else { Adapter::Gpu(name) }
}

/// Returns false for a development build without the worker for a GPU, see `scripts/gpu_worker.sh`.
fn has_gpu_worker() -> bool {
    let mark = gloo::utils::document().query_selector("meta[name=nn-lab-gpu-worker]").ok().flatten();
    mark.is_none_or(|mark| mark.get_attribute("content").as_deref() != Some("missing"))
}

#[cfg(test)]
mod tests {
    use crate::client::worker_kind::*;

    #[test]
    fn the_gpu_worker_is_fetched_only_if_a_gpu_is_used() {
        let adapters = [Adapter::Gpu("A".into()), Adapter::Software("B".into()), Adapter::None("None.")];
        let kinds = |choice| adapters.each_ref().map(|adapter| adapter.kind(choice));
        assert_eq!(kinds(DeviceChoice::Cpu), [WorkerKind::Cpu; 3]);
        assert_eq!(kinds(DeviceChoice::Auto), [WorkerKind::Gpu, WorkerKind::Cpu, WorkerKind::Cpu]);
        assert_eq!(kinds(DeviceChoice::Webgpu), [WorkerKind::Gpu, WorkerKind::Gpu, WorkerKind::Cpu]);
    }

    #[test]
    fn the_page_names_the_gpu_or_the_reason_why_none_is_used() {
        let info = |kind| DeviceInfo { kind, name: "Flex".into(), fallback: None };
        let gpu = Adapter::Gpu("A".into());
        assert_eq!(gpu.complete(DeviceChoice::Auto, info(DeviceKind::Webgpu)).name, "A");
        let wrong = DeviceInfo { fallback: Some("It computes wrongly.".into()), ..info(DeviceKind::Cpu) };
        assert_eq!(gpu.complete(DeviceChoice::Auto, wrong.clone()), wrong);
        let none = Adapter::None("None.");
        assert_eq!(
            none.complete(DeviceChoice::Webgpu, info(DeviceKind::Cpu)).fallback.as_deref(),
            Some("None.")
        );
        assert_eq!(none.complete(DeviceChoice::Cpu, info(DeviceKind::Cpu)).fallback, None);
    }
}
