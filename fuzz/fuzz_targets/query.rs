//! The settings in an address, for every section.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nn_lab::core::query::Query;
use nn_lab::run::any::AnyExperiment;
use nn_lab::sections::{attention::Attention, cnn::Cnn, mlp::Mlp, resnet::ResNet, rnn::Rnn, transformer::Transformer};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let query = Query::parse(text);
    let all = [
        AnyExperiment::of::<Mlp>(),
        AnyExperiment::of::<Cnn>(),
        AnyExperiment::of::<ResNet>(),
        AnyExperiment::of::<Rnn>(),
        AnyExperiment::of::<Attention>(),
        AnyExperiment::of::<Transformer>(),
    ];
    for experiment in all {
        let schema = &experiment.schema;
        let (_, base, _) = schema.base(&query);
        let (values, _) = schema.read(&base, &query);
        // The settings that were read are written as an address that reads as the same.
        let again = schema.read(&schema.defaults(), &Query::parse(&schema.query(&values).to_string()));
        assert_eq!(again, (values, Vec::new()), "{}", experiment.slug);
    }
});
