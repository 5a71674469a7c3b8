//! Tests a network on the test images.

use super::inspect::{batch, test_batch};
use super::nets::pictures;
use super::{N_CHOICES, N_MISCLASSIFIED, Score};
use crate::core::LabError;
use crate::data::images::Images;
use crate::models::cnn::Cnn as Net;
use crate::run::training::read;
use burn::tensor::Device;
use burn::tensor::activation::softmax;

/// The number of test images per forward pass.
const TEST_BATCH: usize = 250;

/// Tests a network on the first `n` test images.
///
/// # Errors
///
/// Fails if the device cannot be read.
pub(super) async fn score(net: &Net, images: &Images, n: usize, device: &Device) -> Result<Score, LabError> {
    let test = &images.test;
    let n_classes = test.class_names.len();
    let mut score = Score { confusion: vec![0; n_classes * n_classes], ..Score::default() };
    let mut misclassified = Vec::new();
    let mut correct = 0;
    let all: Vec<usize> = (0..test.len().min(n)).collect();
    for indices in all.chunks(TEST_BATCH) {
        let p = softmax(net.forward(test_batch(images, indices, device)), 1);
        let p = read(p).await?;
        for (&index, p) in indices.iter().zip(p.chunks_exact(n_classes.max(1))) {
            if score.first.len() < N_CHOICES * n_classes {
                score.first.extend_from_slice(p);
            }
            let best = p.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
            let (Some((predicted, confidence)), Some(&label)) = (best, test.labels.get(index)) else {
                continue;
            };
            let label = usize::from(label);
            if let Some(count) = score.confusion.get_mut(label * n_classes + predicted) {
                *count += 1;
            }
            if predicted == label {
                correct += 1;
            } else if misclassified.len() < N_MISCLASSIFIED {
                misclassified.push(index);
                score.answers.push((predicted as u8, confidence));
            }
        }
    }
    score.accuracy = correct as f32 / all.len().max(1) as f32;
    score.misclassified = pictures(test, &misclassified);
    Ok(score)
}

/// The minimum number of training images whose accuracy is measured, if there are as many.
const MIN_TRAIN: usize = 20;

/// Returns the accuracy on the first training images without augmentation: as many as there are test images.
///
/// # Errors
///
/// Fails if the device cannot be read.
pub(super) async fn train_accuracy(net: &Net, images: &Images, device: &Device) -> Result<f32, LabError> {
    let train = &images.train;
    let all: Vec<usize> = (0..train.len().min(images.test.len().max(MIN_TRAIN))).collect();
    let mut correct = 0;
    for indices in all.chunks(TEST_BATCH) {
        let logits = net.forward(batch(train, &images.stats, indices, device));
        let [_, n_classes] = logits.dims();
        let logits = read(logits).await?;
        let is_right = |(index, logits): &(&usize, &[f32])| {
            let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(class, _)| class);
            best == train.labels.get(**index).map(|&label| usize::from(label))
        };
        correct += indices.iter().zip(logits.chunks_exact(n_classes.max(1))).filter(is_right).count();
    }
    Ok(correct as f32 / all.len().max(1) as f32)
}
