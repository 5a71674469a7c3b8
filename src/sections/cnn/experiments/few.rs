//! The experiment on overfitting.

use crate::core::findings::both;
use crate::core::guided::{Answer, GuidedExperiment, Prediction, percent};
use crate::keys;
use crate::sections::cnn::{Config, Record};

pub(super) const FEW: GuidedExperiment<Config, Record> = GuidedExperiment {
    slug: "few-pictures",
    chapter: "own",
    figures: &["overfitting", "held-out"],
    question: "The standard CNN has 62,000 parameters and trains on 40 pictures of ten classes, 30 times each. Its training accuracy reaches 100%. What will its accuracy on held-out pictures be?",
    values: keys!(@pairs Config; n_train: "40", n_test: "300", batch_size: "8", epochs: "30"),
    trains: true,
    prediction: Prediction::Number { metric: "accuracy_conv" },
    answer: few,
    reason: "With far more parameters than pictures, a network can fit every training picture by whatever tells it apart, and much of that means nothing on others. In a well-known experiment, networks fit even random labels perfectly. A training accuracy of 100% therefore says little; only held-out pictures tell whether something was learned that carries over.",
    source: ("Zhang et al. 2017, section 2", "https://arxiv.org/abs/1611.03530"),
};

fn few(_: &Config, record: &Record) -> Option<Answer> {
    let epoch = record.epoch();
    let [conv, separable] = both(|arm| record.arms[arm].accuracies.last_y()).filter(|_| epoch > 0)?;
    let [conv_train, separable_train] = both(|arm| record.arms[arm].train_accuracies.last_y())?;
    let words = format!(
        "{} on held-out pictures after {epoch} epochs, and {} on training pictures: a gap of {:.0} points. The separable CNN has {} and {}.",
        percent(conv),
        percent(conv_train),
        100.0 * (conv_train - conv),
        percent(separable),
        percent(separable_train),
    );
    let numbers = [
        ("accuracy_conv", conv),
        ("accuracy_separable", separable),
        ("train_accuracy_conv", conv_train),
        ("train_accuracy_separable", separable_train),
    ];
    Some(Answer::new(words, None, numbers))
}
