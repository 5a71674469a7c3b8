//! Batches that are split over workers: here, over threads. A run gives the same numbers on any number of
//! workers, and the same as with whole batches but for rounding.

use crate::collector::{Collector, block_on};
use burn::tensor::Device;
use nn_lab::core::LabError;
use nn_lab::core::query::Query;
use nn_lab::core::settings::from_query;
use nn_lab::run::Experiment;
use nn_lab::run::Train;
use nn_lab::run::driver::Training;
use nn_lab::run::shards::{LocalFuture, Shards, Team, sum_in_order};
use nn_lab::run::training::read_all;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};

const STEPS: u32 = 3;

/// The ends of the leader's channels to and from another thread.
type Channels = (Sender<Vec<f32>>, Receiver<Vec<Vec<f32>>>);

/// The leader of a team of threads, or another one of them.
enum Thread {
    Leader(Vec<Channels>),
    Other { place: usize, workers: usize, parts: Sender<Vec<Vec<f32>>>, sums: Receiver<Vec<f32>> },
}

impl Team for Thread {
    fn place(&self) -> usize {
        match self {
            Self::Leader(_) => 0,
            Self::Other { place, .. } => *place,
        }
    }

    fn workers(&self) -> usize {
        match self {
            Self::Leader(others) => others.len() + 1,
            Self::Other { workers, .. } => *workers,
        }
    }

    fn begin(&self, _settings: Vec<u8>) {}

    fn next(&self) -> LocalFuture<'_, Option<Vec<u8>>> {
        Box::pin(async { None })
    }

    fn sum(&self, mut own: Vec<Vec<f32>>) -> LocalFuture<'_, Result<Vec<f32>, LabError>> {
        Box::pin(async move {
            Ok(match self {
                Self::Leader(others) => {
                    own.extend(others.iter().flat_map(|(_, parts)| parts.recv().expect("parts")));
                    let sum = sum_in_order(own);
                    others.iter().for_each(|(sums, _)| sums.send(sum.clone()).expect("it listens"));
                    sum
                }
                Self::Other { parts, sums, .. } => {
                    parts.send(own).expect("it listens");
                    sums.recv().expect("a sum")
                }
            })
        })
    }

    fn waited_ms(&self) -> f64 {
        0.0
    }

    fn end(&self) {}
}

/// Returns losses and all numbers of network and optimizer after some steps of an arm.
fn trained<E: Train>(config: E::Config, arm: usize, shards: Option<Shards>) -> (Vec<f32>, Vec<f32>) {
    block_on(async {
        let mut out = Collector::<E>::default();
        let mut training = E::Training::init(config, arm, &Device::flex(), &mut out).await?;
        shards.into_iter().for_each(|shards| training.state_mut().split(shards));
        for step in 1..=STEPS {
            training.draw_and_step(step).await?;
        }
        let state = training.state_mut();
        Ok::<_, LabError>((read_all(state.take_losses()).await?, read_all(state.state_tensors().1).await?))
    })
    .expect("it trains")
}

/// Returns the same for each of several workers.
fn trained_by<E: Train>(
    config: &E::Config,
    arm: usize,
    count: usize,
    workers: usize,
) -> Vec<(Vec<f32>, Vec<f32>)>
where
    E::Config: Send,
{
    let mut leader = Vec::new();
    let mut others = Vec::new();
    for place in 1..workers {
        let ((to_leader, parts), (to_other, sums)) = (channel(), channel());
        leader.push((to_other, parts));
        let (config, other) = (config.clone(), Thread::Other { place, workers, parts: to_leader, sums });
        others.push(std::thread::spawn(move || {
            trained::<E>(config, arm, Some(Shards::new(count, Some(Rc::new(other)))))
        }));
    }
    let team: Rc<dyn Team> = Rc::new(Thread::Leader(leader));
    let first = trained::<E>(config.clone(), arm, Some(Shards::new(count, Some(team))));
    std::iter::once(first).chain(others.into_iter().map(|other| other.join().expect("it ends"))).collect()
}

fn splits<E: Train>(query: &str, arm: usize)
where
    E::Config: Send,
{
    let (config, warnings) = from_query(&E::Config::default(), &Query::parse(query));
    assert!(warnings.is_empty(), "{warnings:?}");
    let name = format!("{} {arm} {query}", E::SLUG);
    let whole = trained::<E>(config.clone(), arm, None);
    let alone = trained::<E>(config.clone(), arm, Some(Shards::new(4, None)));
    assert_eq!(whole.0.len(), STEPS as usize);
    let difference = |a: &[f32], b: &[f32]| {
        assert_eq!(a.len(), b.len(), "{name}");
        a.iter().zip(b).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max)
    };
    let of_losses = difference(&alone.0, &whole.0);
    assert!(of_losses < 1e-4, "{name}: losses differ by {of_losses}");
    assert_ne!(alone.1, whole.1, "{name}: four shards round differently");
    for workers in [2, 3, 4] {
        for (place, of_worker) in trained_by::<E>(&config, arm, 4, workers).into_iter().enumerate() {
            assert!(of_worker == alone, "{name}: worker {place} of {workers} has other numbers");
        }
    }
}

#[test]
fn a_transformer_gives_the_same_numbers_on_any_number_of_workers() {
    use nn_lab::sections::transformer::Transformer;
    splits::<Transformer>("layers=2&context=16&d_model=16&batch_size=8", 0);
    // The batch is not a multiple of the shards.
    splits::<Transformer>("layers=1&context=16&d_model=16&batch_size=7&clip=0", 0);
    splits::<Transformer>("layers=1&context=12&d_model=16&batch_size=8&mlp=0&tied=0&positions=learned", 0);
}

#[test]
fn dropout_does_not_depend_on_the_number_of_workers() {
    use nn_lab::sections::transformer::{Config, Transformer};
    let config = Config { dropout: 0.3, layers: 1, context: 16, d_model: 16, ..Config::default() };
    let alone = trained::<Transformer>(config.clone(), 0, Some(Shards::new(2, None)));
    // The stream of the CPU's random numbers is shared by all threads here, and each worker has its own in a browser, so the
    // workers take turns.
    let again = trained::<Transformer>(config.clone(), 0, Some(Shards::new(2, None)));
    assert!(alone == again, "every shard seeds its masks");
    assert_ne!(alone.0, trained::<Transformer>(config, 0, None).0, "other masks than those of a whole batch");
}

#[test]
fn networks_side_by_side_can_be_split_as_well() {
    use nn_lab::sections::attention::Attention;
    use nn_lab::sections::cnn::Cnn;
    use nn_lab::sections::resnet::ResNet;
    use nn_lab::sections::rnn::Rnn;
    splits::<Attention>("batch_size=8", 1);
    splits::<Attention>("batch_size=6&task=two-look-ups&n_heads=2", 0);
    splits::<Rnn>("seq_len=12&batch_size=8", 0);
    splits::<Rnn>("seq_len=12&batch_size=8", 1);
    splits::<Cnn>("batch_size=8", 1);
    splits::<ResNet>("batch_size=8&batch_norm=0&depth=8", 1);
}

#[test]
fn batch_norm_needs_the_whole_batch() {
    use nn_lab::sections::resnet::{Config, ResNet};
    let config = |batch_norm| Config { batch_norm, shards: 4, ..Config::default() };
    assert_eq!([true, false].map(|norm| ResNet::shards(&config(norm))), [1, 4]);
}

#[test]
fn a_batch_with_fewer_samples_than_shards_stays_whole() {
    use nn_lab::sections::transformer::{Config, Transformer};
    let config = Config { batch_size: 3, layers: 1, context: 8, d_model: 16, ..Config::default() };
    let whole = trained::<Transformer>(config.clone(), 0, None);
    assert!(trained::<Transformer>(config, 0, Some(Shards::new(4, None))) == whole);
}
