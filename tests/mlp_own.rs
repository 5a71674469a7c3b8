//! Section 1 with the user's own data: drawn points and curves, tables, weight decay, and the plane of the figures.
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on, probe, run, train};
use burn::tensor::Device;
use nn_lab::core::data_set::Content;
use nn_lab::core::points::{Point, Points};
use nn_lab::core::{LabError, Verdict};
use nn_lab::data::own::DataFile;
use nn_lab::run::{Experiment, Probe};
use nn_lab::sections::mlp::{
    BOUNDARY_REACH, BOUNDARY_SIDE, CURVE_POINTS, Config, Dataset, LINEAR, MAX_SHOWN, Mlp, NONLINEAR,
    OptimizerKind, PlaneChoice, Record, Samples, Snapshot, params_formula,
};

/// Returns numbers from -1 to 1 that look random.
fn noise(index: usize) -> f32 {
    ((index as f64 * 12.9898).sin() * 43_758.547).fract() as f32
}

fn drawn(points: impl IntoIterator<Item = (f32, f32, u8)>) -> Config {
    let points = Points(points.into_iter().map(|(x, y, class)| Point::new(x, y, class)).collect());
    Config { dataset: Dataset::Drawn, points: points.encode(), width: 16, ..Config::default() }
}

/// Three clouds of points.
fn clouds(n: usize) -> Config {
    let centers = [(-0.7, -0.6), (0.7, -0.6), (0.0, 0.8)];
    drawn((0..n).map(|index| {
        let (x, y) = centers[index % 3];
        (x + 0.25 * noise(2 * index), y + 0.25 * noise(2 * index + 1), (index % 3) as u8)
    }))
}

fn curve(n: usize) -> Config {
    let at = |index: usize| 2.4 * index as f32 / (n - 1) as f32 - 1.2;
    let points = (0..n).map(|index| (at(index), 0.8 * (3.0 * at(index)).sin(), 0));
    Config { dataset: Dataset::Curve, ..drawn(points) }
}

/// A table whose rows come from a function.
struct Rows {
    config: Config,
    file: Vec<u8>,
    values: Vec<Vec<f32>>,
}

impl Rows {
    /// Creates a table with a class in each row, or with a number if there are no classes.
    fn new(n: usize, classes: &[&str], row: impl Fn(usize) -> (Vec<f32>, f32)) -> Self {
        let rows: Vec<(Vec<f32>, f32)> = (0..n).map(row).collect();
        let n_features = rows[0].0.len();
        let mut content: Vec<u8> =
            rows.iter().flat_map(|(x, _)| x).flat_map(|value| value.to_le_bytes()).collect();
        for (_, target) in &rows {
            if classes.is_empty() {
                content.extend(target.to_le_bytes());
            } else {
                content.push(*target as u8);
            }
        }
        let structure = Content::Table {
            features: (1..=n_features).map(|number| format!("feature {number}")).collect(),
            target: "target".to_owned(),
            classes: classes.iter().map(|name| (*name).to_owned()).collect(),
        };
        let file =
            DataFile::new("Rows", "rows.csv", structure, n as u32, content, Vec::new()).expect("a table");
        let config = Config {
            dataset: Dataset::Own,
            data: file.card.id.clone(),
            width: 16,
            depth: 2,
            ..Config::default()
        };
        Self { config, file: file.to_bytes(), values: rows.into_iter().map(|row| row.0).collect() }
    }

    /// Three clouds in four dimensions, the third of which is far longer than the others, and the fourth constant.
    fn flowers(n: usize) -> Self {
        let centers = [[1.0, 5.0, 100.0], [3.0, 5.0, 300.0], [3.0, 9.0, 500.0]];
        Self::new(n, &["setosa", "versicolor", "virginica"], |index| {
            let [a, b, c] = centers[index % 3];
            let x = vec![
                a + 0.5 * noise(3 * index),
                b + 0.5 * noise(3 * index + 1),
                c + 60.0 * noise(3 * index + 2),
                7.0,
            ];
            (x, (index % 3) as f32)
        })
    }

    /// A number that is linear in two features, up to noise.
    fn prices(n: usize, unit: f32) -> Self {
        Self::new(n, &[], |index| {
            let (a, b) = (10.0 + 4.0 * noise(3 * index), 0.5 * noise(3 * index + 1));
            (vec![a, b], unit * (3.0 * a - 20.0 * b + 7.0 + 2.0 * noise(3 * index + 2)))
        })
    }

    /// Probes and trains, and returns everything that the page receives.
    fn record(&self, change: impl Fn(&mut Config)) -> (Config, Record) {
        let mut config = self.config.clone();
        change(&mut config);
        let id = config.data.clone();
        let mut out = Collector::<Mlp> {
            user_files: [(format!("user/tables/{id}"), self.file.clone().into())].into(),
            ..Collector::default()
        };
        block_on(Mlp::probe(config.clone(), &Device::flex(), &mut out)).expect("the probe succeeds");
        train::<Mlp>(&config, &mut out).expect("it trains");
        let record = out.record();
        (config, record)
    }
}

fn snapshot(record: &Record, arm: usize) -> &Snapshot {
    record.net(arm).expect("a network")
}

/// Returns the outputs of a network of ReLU units for one input, computed from its parameters.
fn outputs(net: &Snapshot, x: &[f32], relu: bool) -> Vec<f64> {
    let mut h: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
    let mut rest = net.params.iter().map(|value| f64::from(*value));
    for layer in 0..net.layers() {
        let mut z = vec![0.0; net.width(layer + 1)];
        for value in &h {
            z.iter_mut().for_each(|z| *z += value * rest.next().expect("a weight"));
        }
        z.iter_mut().for_each(|z| *z += rest.next().expect("a bias"));
        if relu && layer + 1 < net.layers() {
            z.iter_mut().for_each(|z| *z = z.max(0.0));
        }
        h = z;
    }
    h
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let sum: f64 = logits.iter().map(|z| z.exp()).sum();
    logits.iter().map(|z| z.exp() / sum).collect()
}

/// Returns the input at a place in the plane.
fn input_at(net: &Snapshot, x: f32, y: f32) -> Vec<f32> {
    net.inputs.iter().map(|[middle, along_x, along_y]| middle + along_x * x + along_y * y).collect()
}

fn cell(index: usize) -> f32 {
    ((index as f32 + 0.5) / BOUNDARY_SIDE as f32 * 2.0 - 1.0) * BOUNDARY_REACH
}

/// The boundary that is drawn is what the network with the weights that are drawn computes.
#[track_caller]
fn check_boundary(record: &Record, is_regression: bool) {
    for arm in [LINEAR, NONLINEAR] {
        let (net, boundary) = (snapshot(record, arm), record.boundary(arm).expect("a boundary"));
        let classes = record.classes(arm).expect("classes");
        assert_eq!(boundary.len(), BOUNDARY_SIDE * BOUNDARY_SIDE);
        for index in (0..boundary.len()).step_by(37) {
            let x = input_at(net, cell(index % BOUNDARY_SIDE), cell(index / BOUNDARY_SIDE));
            let outputs = outputs(net, &x, arm == NONLINEAR);
            let expected = if is_regression {
                outputs[0]
            } else if outputs.len() == 2 {
                softmax(&outputs)[1]
            } else {
                softmax(&outputs)[usize::from(classes[index])]
            };
            let found = f64::from(boundary[index]);
            assert!(
                (found - expected).abs() < 2e-3 * (1.0 + expected.abs()),
                "{index}: {found}, not {expected}"
            );
        }
    }
}

#[test]
fn drawn_points_of_three_classes_are_learned() {
    let config = Config { steps: 300, ..clouds(60) };
    assert_eq!((config.task().d_in, config.task().classes), (2, Some(3)));
    let (record, result) = run::<Mlp>(config.clone());
    assert_eq!(result, Ok(()));
    let accuracy = record.arms[NONLINEAR].accuracy().expect("scored");
    assert!(accuracy > 0.95, "{accuracy}");
    let Some(Samples::Plane { axes, train, test, classes, target }) = record.samples().map(|it| &**it) else {
        panic!("points in the plane")
    };
    assert_eq!((train.len(), test.len(), target), (48, 12, &None));
    assert_eq!(classes, &["A", "B", "C"]);
    assert_eq!((axes[0].low, axes[1].high), (-1.25, 1.25));
    let all: Vec<(f32, f32, u8)> =
        train.iter().chain(test).map(|point| (point.x, point.y, point.value as u8)).collect();
    for point in config.drawn().0 {
        assert!(all.contains(&(point.x, point.y, point.class)), "{point:?} is as it was drawn");
    }
    check_boundary(&record, false);
    // Every class is predicted somewhere.
    let predicted = record.classes(NONLINEAR).expect("classes");
    assert!((0..3).all(|class| predicted.contains(&class)));
    let losses = |record: &Record| record.arms[NONLINEAR].losses.clone();
    assert_eq!(losses(&record), losses(&run::<Mlp>(config).0), "the seed repeats the run");
}

#[test]
fn every_class_keeps_a_training_point() {
    for seed in 0..20 {
        let config = Config {
            seed,
            steps: 1,
            ..drawn((0..9).map(|i| (0.1 * i as f32, 0.0, u8::from(i == 0) * 2 + u8::from(i == 1 || i == 2))))
        };
        let record = probe::<Mlp>(config);
        let Some(Samples::Plane { train, test, .. }) = record.samples().map(|it| &**it) else {
            panic!("points")
        };
        assert_eq!((train.len(), test.len()), (8, 1));
        assert!((0..3).all(|class| train.iter().any(|point| point.value as u8 == class)), "seed {seed}");
    }
}

#[test]
fn too_few_points_are_refused_and_the_networks_are_still_shown() {
    let refused = |config: Config| {
        let (record, probed) = Collector::<Mlp>::default().probe(&config);
        assert_eq!(record.params_counted.map(u64::from), Some(params_formula(&config)));
        assert!(record.collapse.is_some() && record.samples().is_none());
        let Err(LabError::Data(words) | LabError::NoData(words)) = run::<Mlp>(config).1 else {
            panic!("it is refused")
        };
        (words, probed)
    };
    // Before training, the board says this itself.
    let one = drawn([(0.0, 0.0, 0), (0.1, 0.0, 0), (0.2, 0.0, 0), (0.3, 0.0, 1)]);
    let (words, probed) = refused(one);
    assert!(words.contains("Draw at least two points of each of two classes.") && probed.is_ok());
    let (words, probed) = refused(curve(3));
    assert!(words.contains("Draw at least four points of a curve.") && probed.is_ok());
    let (words, probed) = refused(Config { dataset: Dataset::Own, ..Config::default() });
    assert!(words.contains("There is no table yet") && probed.is_ok());
    let missing = Config { data: "f4k3-9f86d081884c7d65".to_owned(), ..Rows::flowers(9).config };
    let (words, probed) = refused(missing);
    assert!(words.contains("not in this browser"));
    assert_eq!(probed, Err(LabError::Data(words)));
}

#[test]
fn a_curve_is_followed_and_its_error_is_in_its_own_units() {
    let (record, result) = run::<Mlp>(Config { steps: 800, ..curve(40) });
    assert_eq!(result, Ok(()));
    let (linear, nonlinear) = (record.arms[LINEAR].accuracy(), record.arms[NONLINEAR].accuracy());
    let (linear, nonlinear) = (linear.expect("scored"), nonlinear.expect("scored"));
    assert!(nonlinear < 0.15 && linear > 0.3, "{linear} and {nonlinear}");
    let predicted = record.curve(NONLINEAR).expect("a curve");
    assert_eq!(predicted.len(), CURVE_POINTS);
    assert!(record.arms[NONLINEAR].boundary.is_empty(), "a curve has no map");
    let net = snapshot(&record, NONLINEAR);
    for index in (0..CURVE_POINTS).step_by(25) {
        let x = (index as f32 / (CURVE_POINTS - 1) as f32 * 2.0 - 1.0) * BOUNDARY_REACH;
        let expected = outputs(net, &[x], true)[0];
        assert!((f64::from(predicted[index]) - expected).abs() < 1e-4, "{x}: {}", predicted[index]);
    }
    // A straight line in the linear network.
    let line = record.curve(LINEAR).expect("a curve");
    let middle = (line[0] + line[CURVE_POINTS - 1]) / 2.0;
    assert!((line[CURVE_POINTS / 2] - middle).abs() < 1e-4);
    let names: Vec<String> = Mlp::series(&record).iter().map(|series| series.metric.to_string()).collect();
    assert!(names.contains(&"rmse_linear".to_owned()) && !names.contains(&"accuracy_linear".to_owned()));
}

#[test]
fn weight_decay_adds_its_part_to_the_gradient_of_weights_only() {
    for base in [clouds(30), curve(20)] {
        let base = Config { optimizer: OptimizerKind::Sgd, learning_rate: 0.1, steps: 2, depth: 2, ..base };
        let decayed = Config { weight_decay: 0.5, ..base.clone() };
        let start = probe::<Mlp>(base.clone());
        let one = |config: &Config| run::<Mlp>(Config { steps: 1, ..config.clone() }).0;
        let (without, with) = (one(&base), one(&decayed));
        for arm in [LINEAR, NONLINEAR] {
            let [start, without, with] = [&start, &without, &with].map(|record| snapshot(record, arm));
            for index in 0..start.params.len() {
                let is_weight = start.param_at(index).is_some_and(|param| param.from.is_some());
                let expected = if is_weight { -0.1 * 0.5 * start.params[index] } else { 0.0 };
                let moved = with.params[index] - without.params[index];
                assert!((moved - expected).abs() < 1e-6, "{index}: {moved}, not {expected}");
            }
        }
        // The loss is that of the data, so the first one does not depend on weight decay; later ones do.
        let losses = |config: &Config| run::<Mlp>(config.clone()).0.arms[NONLINEAR].losses.clone();
        let (without, with) = (losses(&base), losses(&decayed));
        assert_eq!(without.first(), with.first());
        assert_ne!(without.last(), with.last());
    }
}

#[test]
fn a_table_of_three_classes_is_learned_and_shown_in_the_chosen_plane() {
    let rows = Rows::flowers(150);
    assert_eq!(params_formula(&rows.config), 4 * 16 + 16 + 16 * 16 + 16 + 16 * 3 + 3);
    let (config, record) = rows.record(|config| {
        config.plane = PlaneChoice::Features;
        (config.steps, config.axis_x, config.axis_y) = (200, 3, 2);
    });
    assert_eq!(record.params_counted.map(u64::from), Some(params_formula(&config)));
    assert!(record.arms[NONLINEAR].accuracy().expect("scored") > 0.95);
    let Some(Samples::Plane { axes: [x, y], train, test, classes, target }) =
        record.samples().map(|it| &**it)
    else {
        panic!("rows in the plane")
    };
    assert_eq!((x.label.as_str(), y.label.as_str(), target), ("feature 3", "feature 2", &None));
    assert_eq!((train.len(), test.len(), classes.len()), (120, 30, 3));
    // Every point is a row of the table, in its own units.
    for point in train.iter().chain(test) {
        let (a, b) = (x.value(point.x), y.value(point.y));
        let is_row = |row: &&Vec<f32>| (row[2] - a).abs() < 0.02 && (row[1] - b).abs() < 1e-3;
        assert!(rows.values.iter().any(|row| is_row(&row)), "{a}, {b}");
        assert!(point.x.abs() <= BOUNDARY_REACH && point.y.abs() <= BOUNDARY_REACH);
    }
    // The other features are at their mean, which is 0.
    let middle = input_at(snapshot(&record, NONLINEAR), 0.3, -0.2);
    assert_eq!((middle[0], middle[3]), (0.0, 0.0));
    assert!(middle[1] != 0.0 && middle[2] != 0.0);
    check_boundary(&record, false);
    let holds = Mlp::checks(&config, &record).iter().filter(|check| check.verdict == Verdict::Holds).count();
    assert_eq!(holds, Mlp::checks(&config, &record).len(), "{:?}", Mlp::checks(&config, &record));
    // Two equal axes are none; the next feature takes the place of the second.
    let (_, record) = rows.record(|config| {
        config.plane = PlaneChoice::Features;
        (config.steps, config.axis_x, config.axis_y) = (1, 64, 64);
    });
    let Some(Samples::Plane { axes: [x, y], .. }) = record.samples().map(|it| &**it) else { panic!("rows") };
    assert_eq!((x.label.as_str(), y.label.as_str()), ("feature 4", "feature 1"));
}

#[test]
fn principal_components_are_those_of_the_training_rows() {
    let rows = Rows::flowers(150);
    let plane = |config: &mut Config| (config.steps, config.plane) = (30, PlaneChoice::Components);
    let (_, record) = rows.record(plane);
    let Some(Samples::Plane { axes, train, .. }) = record.samples().map(|it| &**it) else { panic!("rows") };
    assert!(axes[0].label.starts_with("component 1 (") && axes[0].label.ends_with("% of the variance)"));
    check_boundary(&record, false);
    // Scores have mean 0 and, in standard deviations, a mean square of 1; they are not correlated.
    let scores: Vec<[f32; 2]> =
        train.iter().map(|point| [axes[0].value(point.x), axes[1].value(point.y)]).collect();
    let mean = |of: &dyn Fn(&[f32; 2]) -> f32| scores.iter().map(of).sum::<f32>() / scores.len() as f32;
    for (found, expected) in [
        (mean(&|s| s[0]), 0.0),
        (mean(&|s| s[1]), 0.0),
        (mean(&|s| s[0] * s[0]), 1.0),
        (mean(&|s| s[1] * s[1]), 1.0),
        (mean(&|s| s[0] * s[1]), 0.0),
    ] {
        assert!((found - expected).abs() < 1e-3, "{found}, not {expected}");
    }
    // The two directions are orthogonal, and the constant feature has no part in them.
    let net = snapshot(&record, NONLINEAR);
    let product: f32 = net.inputs.iter().map(|[_, a, b]| a * b).sum();
    assert!(product.abs() < 1e-5 && net.inputs[3][1].abs() < 1e-6);
    let again = rows.record(plane).1;
    assert_eq!(again.samples(), record.samples());
    assert_eq!(snapshot(&again, LINEAR).inputs, snapshot(&record, LINEAR).inputs);
}

#[test]
fn the_linear_network_approaches_linear_fit_and_errors_have_the_units_of_the_target() {
    let (mut units, mut seen) = (Vec::new(), 0);
    for unit in [1.0, 1000.0] {
        let (config, record) = Rows::prices(100, unit).record(|config| config.steps = 600);
        let baseline =
            record.untrained.as_ref().and_then(|untrained| untrained.baseline).expect("a baseline");
        let [fitted, fitted_test] = baseline.linear_fit.expect("least squares");
        let score = *record.arms[LINEAR].scores.last().expect("a score");
        assert!(score.train >= 0.9999 * fitted && score.train < 1.05 * fitted, "{score:?}, {fitted}");
        // Uniform noise from -2 to 2 has a standard deviation of 1.15.
        assert!(
            (0.8..1.5).contains(&(fitted / unit)) && (0.8..1.8).contains(&(fitted_test / unit)),
            "{baseline:?}"
        );
        assert!(baseline.constant[1] > 3.0 * fitted_test && (baseline.constant_loss - 1.0).abs() < 1e-3);
        units.push(score.train);
        let Some(Samples::Plane { target: Some(target), .. }) = record.samples().map(|it| &**it) else {
            panic!("a number")
        };
        // The mean of the target is in the middle of its axis: 3 * 10 + 7 = 37.
        assert!((target.value(0.0) / unit - 37.0).abs() < 3.0, "{target:?}");
        check_boundary(&record, true);
        let checks = Mlp::checks(&config, &record);
        seen += checks.iter().filter(|check| check.claim.contains("least squares")).count();
        assert!(checks.iter().all(|check| check.verdict == Verdict::Holds), "{checks:?}");
        let metric =
            |name: &str| Mlp::metrics(&config, &record).into_iter().find(|metric| metric.name == name);
        let shown = metric("rmse_linear").expect("an error").value;
        assert_eq!((shown, metric("accuracy_linear")), (Some(f64::from(score.test)), None));
    }
    assert_eq!(seen, 2);
    assert!((units[1] / units[0] / 1000.0 - 1.0).abs() < 0.01, "{units:?}");
}

#[test]
fn tables_of_any_shape_are_trained() {
    for classes in [&[][..], &["no", "yes"], &["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]] {
        for n_features in [1, 2, 3, 11, 64] {
            let rows = Rows::new(40, classes, |index| {
                let x = (0..n_features).map(|feature| noise(64 * index + feature)).collect();
                (x, (index % if classes.is_empty() { 7 } else { classes.len() }) as f32)
            });
            for plane in [PlaneChoice::Features, PlaneChoice::Components] {
                let (config, record) = rows.record(|config| (config.steps, config.plane) = (3, plane));
                let is_curve = n_features == 1 && classes.is_empty();
                let cells = if is_curve { 0 } else { BOUNDARY_SIDE * BOUNDARY_SIDE };
                assert_eq!(record.boundary(NONLINEAR).map(|values| values.len()), Some(cells));
                let curve = if is_curve { CURVE_POINTS } else { 0 };
                assert_eq!(record.curve(NONLINEAR).map(|values| values.len()), Some(curve));
                let n_classes = if classes.len() > 2 { cells } else { 0 };
                assert_eq!(record.classes(NONLINEAR).map(|values| values.len()), Some(n_classes));
                assert_eq!(snapshot(&record, NONLINEAR).inputs.len(), n_features);
                assert!(Mlp::series(&record).iter().all(|series| !series.points.is_empty()));
                assert!(!Mlp::checks(&config, &record).iter().any(|check| check.verdict == Verdict::Open));
            }
        }
    }
}

#[test]
fn at_most_500_samples_of_each_part_are_sent() {
    let (_, record) = Rows::prices(4000, 1.0).record(|config| config.steps = 1);
    let Some(Samples::Plane { train, test, .. }) = record.samples().map(|it| &**it) else { panic!("rows") };
    assert_eq!((train.len(), test.len()), (MAX_SHOWN, MAX_SHOWN));
}

#[test]
fn a_damaged_table_is_refused() {
    let rows = Rows::flowers(30);
    let id = rows.config.data.clone();
    for file in
        [rows.file[..rows.file.len() - 1].to_vec(), rows.file[..20].to_vec(), Rows::prices(9, 1.0).file]
    {
        let user_files = [(format!("user/tables/{id}"), file.into())].into();
        let (record, result) = Collector::<Mlp> { user_files, ..Collector::default() }.run(&rows.config);
        assert!(matches!(result, Err(LabError::Data(_))), "{result:?}");
        assert!(record.samples().is_none());
    }
}
