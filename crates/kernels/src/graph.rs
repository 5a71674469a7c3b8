//! Work on a GPU that is recorded once and done again by one call: nothing is planned, looked up or bound anew, which for small
//! nets is nearly all that a step costs the worker.
//!
//! [`prepare`], [`Preparation::rehearse`] the work, [`Preparation::record`] it, and then [`Recording::replay`] it as often as
//! is needed.

use burn::backend::{Backend, BackendTypes, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::{Device, Tensor};
use std::cell::Cell;

thread_local! {
    /// A queue prepares one recording at a time, and a worker has one queue.
    static IS_PREPARED: Cell<bool> = const { Cell::new(false) };
    static IS_ALLOWED: Cell<bool> = const { Cell::new(true) };
    static REPLAYS: Cell<u64> = const { Cell::new(0) };
}

/// Has nothing be recorded from here on, or again: to see what recording changes.
pub fn allow(allowed: bool) {
    IS_ALLOWED.set(allowed);
}

/// How often this thread has replayed something.
pub fn replays() -> u64 {
    REPLAYS.get()
}

/// From here until it is recorded or dropped, the device keeps ready what the work needs.
#[derive(Debug)]
pub struct Preparation {
    device: Device,
}

/// Why nothing is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureError {
    /// Another recording is being prepared.
    Busy,
    /// The device holds a lot already, or cannot record.
    Unsupported,
}

/// Recorded work has memory of its own. A device that holds more bytes than these before is not asked for that: what needs so
/// much keeps a GPU busy anyway.
const MAX_BYTES: u64 = 512 << 20;

/// Prepares a recording on a device without autodiff.
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
    /// Does `work` as it will be recorded, so that there is memory for all of it. What it gives must be dropped, or the recorded
    /// work lacks that memory.
    pub fn rehearse<T>(&self, work: impl FnOnce() -> T) -> T {
        set_memory(&self.device, Memory::Kept);
        let given = work();
        set_memory(&self.device, Memory::Shared);
        given
    }

    /// Records `work` without doing it. It must consist of kernels alone: nothing is read, and nothing comes from the host. It
    /// must have been rehearsed in the same shapes, since no memory is to be had while it is recorded.
    ///
    /// An error says what was not possible. Tensors that `work` has made or changed are of no use then.
    pub fn record<T>(self, work: impl FnOnce() -> T) -> Result<Graph<T>, String> {
        let on = self.device.as_dispatch();
        set_memory(&self.device, Memory::Kept);
        let recorded = Dispatch::graph_start_capture(on).and_then(|()| {
            let held = work();
            Ok((Dispatch::graph_stop_capture(on)?, held))
        });
        set_memory(&self.device, Memory::Shared);
        let (graph, held) = recorded.map_err(|error| format!("{error:?}"))?;
        Ok(Graph { graph: Some(graph), device: self.device.clone(), held })
    }
}

impl Drop for Preparation {
    fn drop(&mut self) {
        // Ends what was not recorded; where it was, there is nothing to be ended, and that is the error.
        let _ = Dispatch::graph_stop_capture(self.device.as_dispatch());
        IS_PREPARED.set(false);
    }
}

/// Recorded work, and what it reads and writes.
///
/// It is done on the very memory that it was recorded with. What it reads anew each time is therefore written there before,
/// see [`overwrite`](crate::overwrite::overwrite), and its results are copied before the next time overwrites them.
#[allow(missing_debug_implementations, reason = "burn's graph has none")]
pub struct Graph<T> {
    graph: Option<<Dispatch as BackendTypes>::GraphPrimitive>,
    device: Device,
    /// What the work has returned. With it are held the tensors that it reads and changes: none is freed while it may be done
    /// again.
    pub held: T,
}

impl<T> Graph<T> {
    /// Does the work, after all that was asked of the device before.
    pub fn replay(&self) -> Result<(), String> {
        let Some(graph) = &self.graph else { return Ok(()) };
        // Memory that was freed while recording is pinned by the graph, all other is held. A worker has one thread and one
        // queue, in which the work keeps its place.
        #[allow(unsafe_code, reason = "burn leaves it to the caller that the memory is still there")]
        let replayed = unsafe { Dispatch::graph_replay(self.device.as_dispatch(), graph) };
        REPLAYS.set(REPLAYS.get() + 1);
        replayed.map_err(|error| format!("{error:?}"))
    }
}

impl<T> Drop for Graph<T> {
    /// Gives its memory back, which nothing else uses.
    fn drop(&mut self) {
        self.graph = None;
        Dispatch::memory_cleanup(self.device.as_dispatch());
    }
}

/// Which memory tensors are given.
#[derive(Clone, Copy, PartialEq)]
enum Memory {
    /// That which others have left, or new: what is not used for a while is given back.
    Shared,
    /// Of its own, in just the right sizes, and not given back. So work that has been done once finds all that it needs.
    Kept,
}

/// What was asked for before is done with the memory of before.
fn set_memory(device: &Device, memory: Memory) {
    let on = device.as_dispatch();
    // Whoever reads from a device that is gone is told.
    let _ = Dispatch::flush(on);
    let anything = Tensor::<1>::empty([1], device).into_dispatch();
    drop(Dispatch::set_memory(anything, f32::from(memory == Memory::Kept)));
    let _ = Dispatch::flush(on);
}

/// An operation that computes nothing: operations alone come by the device's own queue.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait SetMemory: Backend {
    /// 1 for memory that is kept, 0 for shared memory.
    #[fusion(dtype = anything, shape = anything)]
    fn set_memory(anything: FloatTensor<Self>, kept: f32) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::SetMemory;
    use burn::backend::{Flex, tensor::FloatTensor};

    impl SetMemory for Flex {
        fn set_memory(anything: FloatTensor<Self>, _kept: f32) -> FloatTensor<Self> {
            anything
        }
    }
}

#[cfg(feature = "gpu")]
mod kernels {
    use super::SetMemory;
    use burn::backend::tensor::FloatTensor;
    use burn_cubecl::CubeBackend;
    use cubecl::MemoryAllocationMode;

    impl SetMemory for CubeBackend {
        fn set_memory(anything: FloatTensor<Self>, kept: f32) -> FloatTensor<Self> {
            let mode = if kept > 0.0 { MemoryAllocationMode::Persistent } else { MemoryAllocationMode::Auto };
            // A worker has one thread; what is kept goes when its recording is dropped.
            #[allow(unsafe_code, reason = "cubecl leaves it to the caller that no other thread allocates")]
            unsafe {
                anything.client.allocation_mode(mode);
            }
            anything
        }
    }
}
