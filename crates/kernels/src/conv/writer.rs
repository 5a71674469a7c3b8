//! The order of Winograd's transformed tiles in memory, and how they are written. Both avoid addresses at a power of two, which
//! evict one another from the cache.

use crate::product::{COLUMNS, ROWS};

/// Elements of a transformed tile.
pub(super) const ELEMENTS: usize = 16;
/// Tiles in a vector.
pub(super) const LANES: usize = COLUMNS;

/// Eight tiles.
pub(super) type Vector = [f32; LANES];

/// The order of transformed tiles in memory.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    /// `[vectors, 16, channels]`, with [`channel_stride`] vectors for the channels
    Channels,
    /// `[16, channels / N, 2 vectors, N]` with this `N`, of half vectors
    Groups(usize),
}

/// Returns the distance of a tile's elements in [`Layout::Channels`]. It is an odd number of cache lines, because elements at a
/// power of two would evict one another from the cache.
pub(super) const fn channel_stride(channels: usize) -> usize {
    channels.next_multiple_of(ROWS) + 2
}

/// Transformed tiles of some rows of tiles.
pub(super) struct Writer<'a> {
    to: &'a mut Vec<Vector>,
    layout: Layout,
    channels: usize,
    vectors: usize,
    /// The tiles of one channel.
    pub(super) buffer: Vec<[Vector; ELEMENTS]>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(to: &'a mut Vec<Vector>, layout: Layout, channels: usize, vectors: usize) -> Self {
        let channels = match layout {
            Layout::Channels => channel_stride(channels),
            Layout::Groups(_) => channels.next_multiple_of(ROWS),
        };
        // Padding stays zero as long as the number of vectors stays the same.
        let n = ELEMENTS * vectors * channels;
        if to.len() != n {
            to.clear();
            to.resize(n, [0.0; LANES]);
        }
        Self { to, layout, channels, vectors, buffer: vec![[[0.0; LANES]; ELEMENTS]; vectors] }
    }

    /// Copies the tiles of a channel from the buffer.
    pub(super) fn store(&mut self, channel: usize) {
        let Self { channels, vectors, .. } = *self;
        match self.layout {
            Layout::Channels => {
                let blocks = self.to.chunks_exact_mut((ELEMENTS * channels).max(1));
                for (to, buffer) in blocks.zip(&self.buffer) {
                    for (to, numbers) in to.chunks_exact_mut(channels.max(1)).zip(buffer) {
                        to[channel] = *numbers;
                    }
                }
            }
            Layout::Groups(n) => {
                let (first, next) = (channel / n * n * 2 * vectors + channel % n, 2 * vectors * channels);
                let (to, _) = self.to.as_flattened_mut().as_chunks_mut::<{ LANES / 2 }>();
                // Element by element: the places of a tile's elements would evict one another from the cache.
                for element in 0..ELEMENTS {
                    let to = to[first + element * next..].chunks_mut(2 * n);
                    for (to, buffer) in to.zip(&self.buffer) {
                        let (halves, _) = buffer[element].as_chunks();
                        (to[0], to[n]) = (halves[0], halves[1]);
                    }
                }
            }
        }
    }
}
