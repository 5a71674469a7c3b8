//! The user's own data as a task: drawn points, a drawn curve, and a table.

use super::plane::{Columns, Plane, Rows};
use super::task_data::{OwnData, Part, TaskData, Values};
use super::{Axis, BOUNDARY_REACH, Config, Mlp};
use crate::core::LabError;
use crate::core::data_set::Content;
use crate::core::points::class_letter;
use crate::data::own::table::{Scaling, Table, Target};
use crate::data::own::{self, held_out};
use crate::run::RunContext;
use chacha20::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

/// Returns the points that were drawn. A fifth of them is held out; every class keeps one at least.
///
/// # Errors
///
/// Fails if there are too few points.
pub(super) fn drawn(config: &Config) -> Result<TaskData, LabError> {
    let points = config.drawn().0;
    let count = |class: u8| points.iter().filter(|point| point.class == class).count();
    if (0..=u8::MAX).filter(|class| count(*class) >= 2).count() < 2 {
        return Err(LabError::Data("Draw at least two points of each of two classes.".to_owned()));
    }
    let n_classes = config.task().d_out();
    let mut left: Vec<usize> = (0..=u8::MAX).map(count).collect();
    let is_spare = |index: &usize| {
        let class = points.get(*index).map_or(0, |point| usize::from(point.class));
        match left.get_mut(class) {
            Some(left) if *left > 1 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    };
    let [train, test] = split(points.len(), config.seed, is_spare).map(|indices| {
        let of_part = || indices.iter().filter_map(|index| points.get(*index));
        Part {
            x: of_part().flat_map(|point| [point.x, point.y]).collect(),
            y: Values::Classes(of_part().map(|point| point.class).collect()),
        }
    });
    // The letters of the drawing board.
    let classes = (0..n_classes).map(|class| class_letter(class as u8).to_string()).collect();
    let own = OwnData { plane: Plane::of_drawn(), classes, target: None };
    Ok(TaskData {
        d_in: 2,
        d_out: n_classes as usize,
        train,
        test,
        image_side: None,
        own: Some(own),
        target_std: 1.0,
    })
}

/// Returns the points of a drawn curve, whose x predicts y. A fifth of them is held out.
///
/// # Errors
///
/// Fails if there are too few points.
pub(super) fn curve(config: &Config) -> Result<TaskData, LabError> {
    let points = config.drawn().0;
    if points.len() < 4 {
        return Err(LabError::Data("Draw at least four points of a curve.".to_owned()));
    }
    let [train, test] = split(points.len(), config.seed, |_| true).map(|indices| {
        let of_part = || indices.iter().filter_map(|index| points.get(*index));
        Part {
            x: of_part().map(|point| point.x).collect(),
            y: Values::Numbers(of_part().map(|point| point.y).collect()),
        }
    });
    let plane = Plane::of_curve();
    let target = plane.axes.last().cloned();
    let own = OwnData { plane, classes: Vec::new(), target };
    Ok(TaskData { d_in: 1, d_out: 1, train, test, image_side: None, own: Some(own), target_std: 1.0 })
}

/// Shuffles indices below `n`, and holds out a fifth of them: the first that `is_spare` accepts. Returns those for training and
/// those held out.
fn split(n: usize, seed: u32, mut is_spare: impl FnMut(&usize) -> bool) -> [Vec<usize>; 2] {
    let mut rng = ChaCha12Rng::seed_from_u64(u64::from(seed) ^ 0x0513_d0f7);
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        order.swap(last, rng.random_range(0..=last));
    }
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for index in order {
        if test.len() < held_out(n) && is_spare(&index) { test.push(index) } else { train.push(index) }
    }
    [train, test]
}

/// Reads the table of the settings. Features and a number to predict are standardized with the training rows' mean and
/// standard deviation.
///
/// # Errors
///
/// Fails if this browser does not have the table, or if it is damaged.
pub(super) async fn table(config: &Config, ctx: &mut impl RunContext<Mlp>) -> Result<TaskData, LabError> {
    let bytes = own::load(&config.data, "table", ctx).await?;
    let (card, table) = Table::open(&bytes)?;
    let Content::Table { features, target, classes } = card.content else {
        return Err(LabError::Data("This is not a table. Open another file.".to_owned()));
    };
    let (d_in, shape) = (table.n_features, config.task());
    let is_regression = classes.is_empty();
    if d_in != shape.d_in as usize
        || is_regression != shape.is_regression()
        || classes.len().max(1) != shape.d_out() as usize
    {
        return Err(LabError::Data(
            "The stored table is damaged. Remove it and open its file again.".to_owned(),
        ));
    }
    let [train, test] = table.split(config.seed.into());
    let mut x = table.values;
    let scaling = Scaling::of(&x, d_in, &train);
    scaling.apply(&mut x);
    let (labels, mut targets, target_scaling) = match table.target {
        Target::Classes { labels, .. } => (labels, Vec::new(), None),
        Target::Numbers(numbers) => {
            let scaling = Scaling::of(&numbers, 1, &train);
            let first = |values: &[f32], default| values.first().copied().unwrap_or(default);
            let (mean, std) = (first(&scaling.mean, 0.0), first(&scaling.std, 1.0));
            (Vec::new(), numbers, Some((scaling, mean, std)))
        }
    };
    if let Some((scaling, ..)) = &target_scaling {
        scaling.apply(&mut targets);
    }
    let (mean, std) = target_scaling.map_or((0.0, 1.0), |(_, mean, std)| (mean, std));
    let plane = Plane::of_table(
        config,
        &Rows { x: &x, targets: &targets, train: &train },
        &Columns {
            features: &features,
            target: &target,
            scaling: (&scaling.mean, &scaling.std),
            target_scaling: (mean, std),
        },
    );
    let part = |indices: Vec<usize>| {
        let row = |index: &usize| x.get(index * d_in..(index + 1) * d_in).unwrap_or_default();
        Part {
            x: indices.iter().flat_map(row).copied().collect(),
            y: if is_regression {
                Values::Numbers(indices.iter().filter_map(|index| targets.get(*index).copied()).collect())
            } else {
                Values::Classes(indices.iter().filter_map(|index| labels.get(*index).copied()).collect())
            },
        }
    };
    let reach = BOUNDARY_REACH * std;
    let axis = Axis { label: target, low: mean - reach, high: mean + reach };
    Ok(TaskData {
        d_in,
        d_out: shape.d_out() as usize,
        train: part(train),
        test: part(test),
        image_side: None,
        own: Some(OwnData { plane, classes, target: is_regression.then_some(axis) }),
        target_std: std,
    })
}
