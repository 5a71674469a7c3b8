//! GPU work that is captured once and replayed by one call. A replay plans, looks up and binds nothing, which
//! is almost the whole cost of a small network's step for the worker.
//!
//! [`prepare`], [`Preparation::rehearse`] the work, [`Preparation::capture`] it, and then [`Graph::replay`]
//! it any number of times.

use burn::backend::{Backend, BackendTypes, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::{Device, Tensor};
use std::cell::Cell;

thread_local! {
    /// A queue prepares one capture at a time, and a worker has one queue.
    static IS_PREPARED: Cell<bool> = const { Cell::new(false) };
    static IS_ALLOWED: Cell<bool> = const { Cell::new(true) };
    static REPLAYS: Cell<u64> = const { Cell::new(0) };
}

/// Turns capturing on this thread on or off, so that tests can compare the two.
pub fn allow(allowed: bool) {
    IS_ALLOWED.set(allowed);
}

/// Returns the number of replays on this thread.
pub fn replays() -> u64 {
    REPLAYS.get()
}

/// A device that is being prepared for a capture. It keeps the memory that the work needs until the capture
/// or the drop.
#[derive(Debug)]
pub struct Preparation {
    device: Device,
}

/// The reason why nothing is captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureError {
    /// Another capture is being prepared, or capturing is off.
    Busy,
    /// The device holds too much memory already, or cannot capture.
    Unsupported,
}

/// The maximum number of bytes that a device may hold before a capture, which needs memory of its own. Larger
/// work keeps a GPU busy even without a graph.
const MAX_BYTES: u64 = 512 << 20;

/// Prepares a capture on a device without autodiff.
///
/// # Errors
///
/// If another capture is being prepared, or if the device cannot take one.
pub fn prepare(device: &Device) -> Result<Preparation, CaptureError> {
    let on = device.as_dispatch();
    if !IS_ALLOWED.get() || IS_PREPARED.get() {
        return Err(CaptureError::Busy);
    }
    let is_full = Dispatch::memory_pool_usage(on).is_some_and(|usage| usage.bytes_reserved > MAX_BYTES);
    if is_full || Dispatch::graph_prepare(on).is_err() {
        return Err(CaptureError::Unsupported);
    }
    IS_PREPARED.set(true);
    Ok(Preparation { device: device.clone() })
}

impl Preparation {
    /// Runs `work` as it will be captured, so that memory for all of it is allocated. The result must be
    /// dropped before the capture, which needs that memory.
    pub fn rehearse<T>(&self, work: impl FnOnce() -> T) -> T {
        set_memory(&self.device, Memory::Persistent);
        let result = work();
        set_memory(&self.device, Memory::Shared);
        result
    }

    /// Captures `work` without running it. The work must consist of kernels only: it reads nothing back and
    /// uploads nothing. It must have been rehearsed with the same shapes, since nothing can be allocated
    /// during a capture.
    ///
    /// # Errors
    ///
    /// If the device could not capture. Tensors that `work` has created or changed are invalid then.
    pub fn capture<T>(self, work: impl FnOnce() -> T) -> Result<Graph<T>, String> {
        let on = self.device.as_dispatch();
        set_memory(&self.device, Memory::Persistent);
        let captured = Dispatch::graph_start_capture(on).and_then(|()| {
            let held = work();
            Ok((Dispatch::graph_stop_capture(on)?, held))
        });
        set_memory(&self.device, Memory::Shared);
        let (graph, held) = captured.map_err(|error| format!("{error:?}"))?;
        Ok(Graph { graph: Some(graph), device: self.device.clone(), held })
    }
}

impl Drop for Preparation {
    fn drop(&mut self) {
        // Ends a capture that was not completed. After a completed one this is an error, which is expected.
        let _ = Dispatch::graph_stop_capture(self.device.as_dispatch());
        IS_PREPARED.set(false);
    }
}

/// Captured work, and the tensors that it reads and writes.
///
/// A replay uses the memory of the capture. Its inputs are therefore written there before each replay (see
/// [`overwrite`](crate::overwrite::overwrite)), and its results are copied before the next one overwrites
/// them.
#[allow(missing_debug_implementations, reason = "burn's graph has none")]
pub struct Graph<T> {
    graph: Option<<Dispatch as BackendTypes>::GraphPrimitive>,
    device: Device,
    /// The result of the work. It must own all tensors that the work reads and changes, so that they
    /// are not freed while it can be replayed.
    pub held: T,
}

impl<T> Graph<T> {
    /// Runs the work after everything that was submitted to the device before.
    ///
    /// # Errors
    ///
    /// If the device refuses the replay.
    pub fn replay(&self) -> Result<(), String> {
        let Some(graph) = &self.graph else { return Ok(()) };
        #[allow(unsafe_code, reason = "the caller of burn's replay has to keep the graph's memory allocated")]
        // SAFETY: the memory that the graph uses is still allocated, since the graph pins what was freed
        // during the capture, and `held` owns the rest. A worker has one thread and one queue, so the replay
        // is ordered with all other work.
        let replayed = unsafe { Dispatch::graph_replay(self.device.as_dispatch(), graph) };
        REPLAYS.set(REPLAYS.get() + 1);
        replayed.map_err(|error| format!("{error:?}"))
    }
}

impl<T> Drop for Graph<T> {
    /// Frees the memory of the graph, which nothing else uses.
    fn drop(&mut self) {
        self.graph = None;
        Dispatch::memory_cleanup(self.device.as_dispatch());
    }
}

/// The allocation of memory for tensors.
#[derive(Clone, Copy, PartialEq)]
enum Memory {
    /// From a pool that reuses freed memory, and returns it to the device after a while.
    Shared,
    /// In exact sizes that are kept for the next tensor of that size. Work that has run once then finds all
    /// the memory that it needs.
    Persistent,
}

/// Changes how memory is allocated for all work submitted from here on.
fn set_memory(device: &Device, memory: Memory) {
    let on = device.as_dispatch();
    // A lost device is reported by the next read.
    let _ = Dispatch::flush(on);
    let anything = Tensor::<1>::empty([1], device).into_dispatch();
    drop(Dispatch::set_memory(anything, f32::from(memory == Memory::Persistent)));
    let _ = Dispatch::flush(on);
}

/// An operation that computes nothing, since only operations go through the device's queue.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait SetMemory: Backend {
    /// Returns `anything`. `persistent` is 1 for persistent memory, and 0 for shared memory.
    #[fusion(dtype = anything, shape = anything)]
    fn set_memory(anything: FloatTensor<Self>, persistent: f32) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
impl SetMemory for burn::backend::Flex {
    fn set_memory(anything: FloatTensor<Self>, _persistent: f32) -> FloatTensor<Self> {
        anything
    }
}

#[cfg(feature = "gpu")]
impl SetMemory for burn_cubecl::CubeBackend {
    fn set_memory(anything: FloatTensor<Self>, persistent: f32) -> FloatTensor<Self> {
        use cubecl::MemoryAllocationMode::{Auto, Persistent};
        let mode = if persistent > 0.0 { Persistent } else { Auto };
        #[allow(unsafe_code, reason = "the caller of cubecl has to make sure that no other thread allocates")]
        // SAFETY: a worker has one thread, so no other thread allocates. Persistent memory is freed with its
        // graph.
        unsafe {
            anything.client.allocation_mode(mode);
        }
        anything
    }
}
