//! Tests a network on the test images.

use super::inspect::test_batch;
use super::nets::pictures;
use super::{N_MISCLASSIFIED, Score};
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
