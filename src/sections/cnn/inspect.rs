//! The activations of a network for test images: maps, probabilities, and the first convolutions with all
//! their numbers.

use super::{Conv, ImageView, Layer, Maps, N_LAYERS, N_MAPS};
use crate::core::LabError;
use crate::data::images::{ChannelStats, ImageSet, Images};
use crate::models::cnn::Cnn as Net;
use crate::run::training::read_groups;
use burn::nn::conv::Conv2d;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use std::rc::Rc;

/// Returns test images as the input of a network, `[n, channels, side, side]`.
pub(super) fn test_batch(images: &Images, indices: &[usize], device: &Device) -> Tensor<4> {
    batch(&images.test, &images.stats, indices, device)
}

/// Returns images of a set as the input of a network, `[n, channels, side, side]`.
pub(super) fn batch(set: &ImageSet, stats: &ChannelStats, indices: &[usize], device: &Device) -> Tensor<4> {
    let (values, labels) = set.batch(indices, stats);
    Tensor::from_data(TensorData::new(values, [labels.len(), set.channels, set.side, set.side]), device)
}

/// Reads the activations of a network for some test images after a step.
///
/// # Errors
/// Fails if the device cannot be read.
pub(super) async fn inspect(
    net: &Net,
    images: &Images,
    indices: &[usize],
    step: u32,
    device: &Device,
) -> Result<Vec<Rc<ImageView>>, LabError> {
    let views = image_views(net, test_batch(images, indices, device)).await?;
    let numbered = |(&index, view)| Rc::new(ImageView { image: index as u32 + 1, step, ..view });
    Ok(indices.iter().zip(views).map(numbered).collect())
}

/// Returns one entry per image. Everything is read at once.
async fn image_views(net: &Net, x: Tensor<4>) -> Result<Vec<ImageView>, LabError> {
    let [n, _, _, _] = x.dims();
    let (insides, logits) = net.forward_inside(x);
    let [_, n_classes] = logits.dims();
    let p = softmax(logits, 1).reshape([n * n_classes]);
    let first = net
        .blocks
        .first()
        .and_then(|block| block.convolutions().first().map(|conv| flatten(conv.weight.val())));
    let shapes: Vec<[usize; 4]> = insides.iter().map(|inside| inside.sums.dims()).collect();
    let inputs: Vec<[usize; 4]> = insides.iter().map(|inside| inside.input.dims()).collect();
    let sums = insides.iter().map(|inside| flatten(shown(&inside.sums)));
    let of_layers = || insides.iter().take(N_LAYERS);
    let layer_inputs = of_layers().map(|inside| flatten(inside.input.clone()));
    let depthwise = of_layers().filter_map(|inside| inside.depthwise.clone().map(flatten));
    let convs = net.blocks.iter().take(N_LAYERS).map(|block| block.convolutions());
    let weights = convs.clone().flat_map(|convs| shown_params(&convs));
    let groups = [
        first.into_iter().collect(),
        vec![p],
        sums.collect(),
        layer_inputs.collect(),
        depthwise.collect(),
        weights.collect(),
    ];
    let [filters, p, sums, layer_inputs, depthwise, weights] = read_groups(groups).await?;

    let mut views: Vec<ImageView> = p
        .chunks_exact(n_classes.max(1))
        .map(|p| ImageView { filters: filters.clone(), probabilities: p.to_vec(), ..ImageView::default() })
        .collect();
    let mut sums = Parts(&sums);
    for [n, channels, side, width] in shapes {
        let size = channels.min(N_MAPS) * side * width;
        for (view, sums) in views.iter_mut().zip(sums.take(n * size).chunks_exact(size.max(1))) {
            view.blocks.push(Maps { channels: channels as u32, side: side as u32, sums: sums.to_vec() });
        }
    }
    let (mut layer_inputs, mut depthwise, mut weights) =
        (Parts(&layer_inputs), Parts(&depthwise), Parts(&weights));
    for ([n, c_in, side, width], convs) in inputs.into_iter().zip(convs) {
        let size = c_in * side * width;
        let mut convs: Vec<Conv> = convs.iter().map(|conv| conv_of(conv, &mut weights)).collect();
        let Some(conv) = convs.pop() else { continue };
        let of_kernels = if convs.is_empty() { &[][..] } else { depthwise.take(n * size) };
        let mut maps = of_kernels.chunks_exact(size.max(1));
        for (view, input) in views.iter_mut().zip(layer_inputs.take(n * size).chunks_exact(size.max(1))) {
            let depthwise = convs.first().cloned().zip(maps.next().map(<[f32]>::to_vec));
            let (c_in, side) = (c_in as u32, side as u32);
            view.layers.push(Layer { c_in, side, input: input.to_vec(), depthwise, conv: conv.clone() });
        }
    }
    Ok(views)
}

fn flatten(tensor: Tensor<4>) -> Tensor<1> {
    let size = tensor.shape().num_elements();
    tensor.reshape([size])
}

/// Returns the maps of the first channels.
fn shown(maps: &Tensor<4>) -> Tensor<4> {
    let [n, channels, height, width] = maps.dims();
    maps.clone().slice([0..n, 0..channels.min(N_MAPS), 0..height, 0..width])
}

/// Returns the number of kernels that are shown: all of a depthwise convolution, at most [`N_MAPS`] of
/// another one.
fn n_kernels(conv: &Conv2d) -> usize {
    let [n, _, _, _] = conv.weight.dims();
    if conv.groups > 1 { n } else { n.min(N_MAPS) }
}

/// Returns the kernels and biases that are shown, convolution by convolution.
fn shown_params(convs: &[&Conv2d]) -> Vec<Tensor<1>> {
    let each = |conv: &&Conv2d| {
        let ([_, channels, height, width], n) = (conv.weight.dims(), n_kernels(conv));
        let weights = flatten(conv.weight.val().slice([0..n, 0..channels, 0..height, 0..width]));
        std::iter::once(weights)
            .chain(conv.bias.as_ref().map(|bias| bias.val().narrow(0, 0, n)))
            .collect::<Vec<_>>()
    };
    convs.iter().flat_map(each).collect()
}

/// Takes a convolution from the parameters that [`shown_params`] selected.
fn conv_of(conv: &Conv2d, params: &mut Parts<'_>) -> Conv {
    let ([_, channels, height, width], n) = (conv.weight.dims(), n_kernels(conv));
    let weights = params.take(n * channels * height * width).to_vec();
    let biases = if conv.bias.is_some() { params.take(n).to_vec() } else { vec![0.0; n] };
    Conv { kernel: width as u32, weights, biases }
}

/// The remaining values of a read, concatenated.
struct Parts<'a>(&'a [f32]);

impl<'a> Parts<'a> {
    fn take(&mut self, n: usize) -> &'a [f32] {
        let (part, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        part
    }
}
