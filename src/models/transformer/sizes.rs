//! The sizes of a transformer.

use super::positions::Positions;

/// Sizes of a transformer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    /// The number of different characters.
    pub vocabulary: usize,
    /// The maximum number of characters that the model attends to, including the current one.
    pub context: usize,
    /// The dimension of embeddings and of the residual stream.
    pub d_model: usize,
    /// Heads per block.
    pub n_heads: usize,
    /// The number of blocks.
    pub n_layers: usize,
    /// Hidden units of each block's MLP; 0 for attention-only blocks (Elhage et al. 2021).
    pub d_ff: usize,
    /// The encoding of positions.
    pub positions: Positions,
    /// True if the output head is the embedding's transpose (Press and Wolf 2017).
    pub tied: bool,
    /// True if each position attends only to itself and earlier positions. Without this mask, a position sees the
    /// character that it is to predict, so training does not lead to a model that can write.
    pub causal: bool,
}
