//! The guided experiments of section 1, from easy to surprising.

use super::{BEST_LINE, Config, NONLINEAR, Record, ReluSum, rank_bound};
use crate::core::findings::{Numbers, both};
use crate::core::guided::{Answer, GuidedExperiment, Prediction, percent};
use crate::keys;

pub(super) const EXPERIMENTS: &[GuidedExperiment<Config, Record>] = &[
    GuidedExperiment {
        slug: "straight-line",
        chapter: "boundary",
        figures: &["boundary-linear", "boundary-activated"],
        question: "Can a linear network learn to tell two spirals apart?",
        values: keys!(@pairs Config; steps: "600"),
        trains: true,
        prediction: Prediction::Choice(&[
            "Yes: at least 90% of the test points",
            "Partly: 75 to 90%",
            "Hardly: less than 75%",
        ]),
        answer: straight_line,
        reason: "Without an activation function a network computes a softmax of one affine function of x, however many layers it has. Its decision boundary is a straight line, and no straight line separates two arms that wind around each other.",
        source: ("Goodfellow et al. 2016, section 6.1", "https://www.deeplearningbook.org/contents/mlp.html"),
    },
    GuidedExperiment {
        slug: "moons",
        chapter: "boundary",
        figures: &["boundary-linear", "boundary-activated"],
        question: "What test accuracy does the linear network reach on the two moons?",
        values: keys!(@pairs Config; dataset: "moons", steps: "600"),
        trains: true,
        prediction: Prediction::Number { metric: "accuracy_linear" },
        answer: moons,
        reason: "The moons are almost linearly separable: only the tip of each one reaches around the other. A data set on which a curved boundary gains little says little about what a deep network can do.",
        source: ("Hastie et al. 2009, chapter 2", "https://hastie.su.domains/ElemStatLearn/"),
    },
    GuidedExperiment {
        slug: "depth-alone",
        chapter: "boundary",
        figures: &["boundary-linear", "boundary-activated"],
        question: "A linear network gets ten hidden layers instead of three. What accuracy does it reach on the spirals?",
        values: keys!(@pairs Config; depth: "10", steps: "600"),
        trains: true,
        prediction: Prediction::Choice(&[
            "Much better: above 80%",
            "About the same: 55 to 80%",
            "It no longer learns: chance level, below 55%",
        ]),
        answer: depth_alone,
        reason: "A product of matrices is a matrix, so many linear layers can express nothing that one cannot. They only change the path of gradient descent.",
        source: ("Saxe et al. 2014", "https://arxiv.org/abs/1312.6120"),
    },
    GuidedExperiment {
        slug: "circles-three",
        chapter: "units",
        figures: &["network"],
        question: "Is one hidden layer of three units enough to separate a disc from the ring around it?",
        // With the default learning rate of 0.01, four of twenty seeds still have only two lines after 1,500 steps.
        values: keys!(@pairs Config; dataset: "circles", hidden: "3", activation: "tanh", learning_rate: "0.03"),
        trains: true,
        prediction: Prediction::Choice(&["Yes: at least 98% of the test points", "No: less than 98%"]),
        answer: circles_three,
        reason: "Each unit of the first layer switches along a straight line, and three lines can enclose a triangle around the disc. Look at the three maps: each cuts off another side.",
        source: ("Olah 2014", "https://colah.github.io/posts/2014-03-NN-Manifolds-Topology/"),
    },
    GuidedExperiment {
        slug: "circles-two",
        chapter: "units",
        figures: &["network"],
        question: "Can four hidden layers of two units each, eight units in all, separate the disc from the ring?",
        values: keys!(@pairs Config; dataset: "circles", hidden: "2,2,2,2", activation: "tanh"),
        trains: true,
        prediction: Prediction::Choice(&["Yes: all of the test points", "No: some are on the wrong side"]),
        answer: circles_two,
        reason: "A layer of two tanh units with an invertible matrix maps the plane into the plane one-to-one, so the image of the ring still surrounds that of the disc, and no straight line separates them. A singular matrix projects the plane onto a line, on which the ring covers the disc. So at any depth, some points of the two shapes are on the wrong side; the theorem does not say how many.",
        source: ("Olah 2014", "https://colah.github.io/posts/2014-03-NN-Manifolds-Topology/"),
    },
    GuidedExperiment {
        slug: "xor-two",
        chapter: "units",
        figures: &["network"],
        question: "Two ReLU units solve the four points of XOR. Are they enough for the four squares of points here?",
        values: keys!(@pairs Config; dataset: "xor", hidden: "2"),
        trains: true,
        prediction: Prediction::Choice(&["Yes: at least 95% of the test points", "No: less than 95%"]),
        answer: xor_two,
        reason: "The textbook's two units carve out a band between two parallel lines; two of the four points fall inside it. Squares are wider than points: without noise the best band gets 86.8% of them right (closed form), and its edges cut off the corners. Gradient descent often does not find even that band, and ends with about a whole square on the wrong side. Try other seeds.",
        source: ("Goodfellow et al. 2016, section 6.1", "https://www.deeplearningbook.org/contents/mlp.html"),
    },
    GuidedExperiment {
        slug: "steep-step",
        chapter: "width",
        figures: &["pieces-formula", "pieces-trained"],
        question: "A formula places eight ReLU units at equal distances to follow a steep step. Does training the same eight units find a better fit?",
        values: keys!(@pairs Config; target: "step"),
        trains: false,
        prediction: Prediction::Choice(&[
            "Yes: the maximum error is smaller",
            "No: it is up to twice as large",
            "No: it is more than twice as large",
        ]),
        answer: steep_step,
        reason: "With equal pieces, most of the units bend on the flat parts, where nothing bends. Training can move the bends to the step. On the wave the curvature is spread out, so equal pieces are a good choice, and training usually stays behind.",
        source: ("de Boor 1978, chapter III", "https://doi.org/10.1007/978-1-4612-6333-3"),
    },
    GuidedExperiment {
        slug: "deep-sigmoid",
        chapter: "gradients",
        figures: &["gradients-activated"],
        question: "How does the loss of a network with eight hidden layers of sigmoid units fall on the spirals?",
        values: keys!(@pairs Config; depth: "8", activation: "sigmoid", steps: "800"),
        trains: true,
        prediction: Prediction::Curve { metric: "loss_activated", low: 0.0, high: 1.0 },
        answer: deep_sigmoid,
        reason: "The derivative of a sigmoid is at most 1/4, so at the start the first layer receives almost nothing, and the loss stays near that of chance, ln 2 = 0.693 nats. Adam divides every gradient by its own recent size, so even tiny gradients move the early layers, and in the end the network may leave the plateau.",
        source: ("Glorot and Bengio 2010", "https://proceedings.mlr.press/v9/glorot10a.html"),
    },
    GuidedExperiment {
        slug: "rank-plus-one",
        chapter: "collapse",
        figures: &["spectrum", "layer-ranks"],
        question: "96 random inputs with 8 numbers each go through a linear network with biases, 4 hidden layers wide 32. What is the rank of the output?",
        values: keys!(@pairs Config; depth: "4"),
        trains: false,
        prediction: Prediction::Number { metric: "rank_linear" },
        answer: rank_plus_one,
        reason: "The weights multiply to one matrix, which passes at most d_in directions. The biases add the same row to every output, which is one direction more, at any depth. The usual claim \"rank d_in\" holds only without biases, or after subtracting the column means.",
        source: (
            "Goodfellow et al. 2016, section 2.4",
            "https://www.deeplearningbook.org/contents/linear_algebra.html",
        ),
    },
    GuidedExperiment {
        slug: "noisy-line",
        chapter: "own",
        figures: &["board"],
        question: "Twenty-four points lie on a straight line, up to noise. Does the non-linear network predict the held-out points better than the linear one?",
        values: keys!(@pairs Config; dataset: "curve", points: "DwKIGJLhIiYFK7GwNUVZPtJYSGfkUfbJW4jjZRZHbqf8eDc3gdbPi2h9lPaYnohOqBo_samMuzkdxM16zlpy1-m84Xsz6wpv", width: "64"),
        trains: true,
        prediction: Prediction::Choice(&[
            "Yes: its error is smaller",
            "It makes no difference: within 10%",
            "No: its error is larger",
        ]),
        answer: noisy_line,
        reason: "A network with thousands of weights has room for the noise of each training point, and a smaller training error is all that it is trained for. The points that were held out have other noise. A straight line has only two numbers to fit, and averages over the noise. Set the weight decay to 0.01 and train again: with seeds 1 to 6, the mean error of the non-linear network on held-out points fell from 0.39 to 0.28. The linear network had 0.26.",
        source: ("Hastie et al. 2009, section 7.2", "https://hastie.su.domains/ElemStatLearn/"),
    },
];

/// Returns the test accuracies of the trained networks, and the same as numbers of an answer.
fn accuracies(record: &Record) -> Option<(f64, f64, Numbers)> {
    let [linear, nonlinear] = both(|arm| record.arms[arm].trained_accuracy())?;
    Some((linear, nonlinear, vec![("accuracy_linear", linear), ("accuracy_activated", nonlinear)]))
}

fn straight_line(_: &Config, record: &Record) -> Option<Answer> {
    let (linear, nonlinear, numbers) = accuracies(record)?;
    let (choice, verdict) = match linear {
        a if a >= 0.9 => (0, "so here a straight line is enough"),
        a if a >= BEST_LINE => (1, "so a straight line gets most of them right here"),
        _ => (2, "so a straight line hardly helps"),
    };
    let words = format!(
        "The linear network reaches {} of the test points, {verdict}. The non-linear one reaches {}.",
        percent(linear),
        percent(nonlinear)
    );
    Some(Answer::new(words, choice, numbers))
}

fn moons(_: &Config, record: &Record) -> Option<Answer> {
    let (linear, nonlinear, numbers) = accuracies(record)?;
    let verdict = match nonlinear - linear {
        gain if gain > 0.15 => "a curved boundary gains a lot here",
        gain if gain > 0.01 => "a straight line does most of the work, and a curved boundary gains the rest",
        _ => "a curved boundary gains nothing here",
    };
    let words = format!(
        "The linear network reaches {}, the non-linear one {}: {verdict}.",
        percent(linear),
        percent(nonlinear)
    );
    Some(Answer::new(words, None, numbers))
}

fn depth_alone(config: &Config, record: &Record) -> Option<Answer> {
    let (linear, nonlinear, mut numbers) = accuracies(record)?;
    let (choice, verdict) = match linear {
        a if a > 0.8 => (0, "That is much more than a single layer should be able to do."),
        a if a >= 0.55 => (1, "That is what a single layer can do, and no more."),
        _ => (2, "Depth has not helped, and made it harder to train."),
    };
    let layers = config.hidden_dims().len() + 1;
    let mut words =
        format!("With {layers} layers of weights the linear network reaches {}. {verdict}", percent(linear));
    if let Some(collapse) = &record.collapse {
        numbers.push(("collapse_max_abs_diff", collapse.max_abs_diff));
        words += &format!(
            " On random inputs its output differs from that of one layer by at most {:.0e}.",
            collapse.max_abs_diff
        );
    }
    words += &format!(" The non-linear network of the same depth reaches {}.", percent(nonlinear));
    Some(Answer::new(words, choice, numbers))
}

fn circles_three(config: &Config, record: &Record) -> Option<Answer> {
    circles(config, record, 0.98)
}

/// The theorem excludes only a network that is right about every point.
fn circles_two(config: &Config, record: &Record) -> Option<Answer> {
    circles(config, record, 1.0)
}

/// Compares the accuracy of the non-linear network with the one that counts as an enclosed disc.
fn circles(config: &Config, record: &Record, enough: f64) -> Option<Answer> {
    let (linear, nonlinear, numbers) = accuracies(record)?;
    let dims: Vec<String> = config.hidden_dims().iter().map(u32::to_string).collect();
    let (choice, verdict) = match nonlinear {
        a if a >= enough => (0, "the disc is enclosed"),
        a if a >= 0.75 => {
            (1, "the disc is enclosed on some sides, and part of the ring stays on its side of the boundary")
        }
        _ => (1, "it has found no enclosure at all"),
    };
    let words = format!(
        "With hidden layers of {} units the non-linear network reaches {}: {verdict}. The linear one reaches {}.",
        dims.join(", "),
        percent(nonlinear),
        percent(linear)
    );
    Some(Answer::new(words, choice, numbers))
}

fn noisy_line(config: &Config, record: &Record) -> Option<Answer> {
    let [linear, nonlinear] = both(|arm| record.arms[arm].trained_score().copied())?;
    let (choice, verdict) = match f64::from(nonlinear.test) / f64::from(linear.test) {
        ratio if ratio < 0.9 => (0, "better there"),
        ratio if ratio <= 1.1 => (1, "about as good there"),
        _ => (2, "worse there"),
    };
    let words = format!(
        "On training points, the error of the non-linear network is {:.3}, that of the linear one {:.3}. On held-out points it is {:.3} and {:.3}: the non-linear network is {verdict}. Seed {} decides which points are held out.",
        nonlinear.train, linear.train, nonlinear.test, linear.test, config.seed
    );
    let numbers = [("rmse_linear", linear.test.into()), ("rmse_activated", nonlinear.test.into())];
    Some(Answer::new(words, choice, numbers))
}

fn xor_two(config: &Config, record: &Record) -> Option<Answer> {
    let (linear, nonlinear, numbers) = accuracies(record)?;
    let (choice, verdict) = match nonlinear {
        a if a >= 0.95 => (0, "it tells all four squares apart"),
        a if a >= 0.8 => {
            (1, "it has found the band of the textbook, whose edges cut off corners of the squares")
        }
        _ => (
            1,
            "it is stuck below what the band of the textbook reaches, with much of a square on the wrong side",
        ),
    };
    let words = format!(
        "With seed {} the non-linear network reaches {}: {verdict}. Other seeds may end elsewhere. The linear one reaches {}.",
        config.seed,
        percent(nonlinear),
        percent(linear)
    );
    Some(Answer::new(words, choice, numbers))
}

fn deep_sigmoid(config: &Config, record: &Record) -> Option<Answer> {
    let (_, nonlinear, _) = accuracies(record)?;
    let loss = record.arms[NONLINEAR].losses.recent_mean(20)?;
    let ratio = record.arms[NONLINEAR].gradient_ratio()?;
    let verdict = match loss {
        loss if loss > 0.6 => "it has hardly moved from 0.693, the loss at chance level",
        loss if loss > 0.2 => "it has left the plateau at 0.693, but has not learned the spirals",
        _ => "it has left the plateau at 0.693 and learned the spirals",
    };
    let words = format!(
        "The loss ends at {loss:.3} nats, with a test accuracy of {}: {verdict}. At the first step the gradient of the first layer was {ratio:.1e} times that of the last, with {} hidden layers between input and output.",
        percent(nonlinear),
        config.hidden_dims().len()
    );
    let numbers =
        [("loss_activated", loss), ("accuracy_activated", nonlinear), ("grad_ratio_activated", ratio)];
    Some(Answer::new(words, None, numbers))
}

fn steep_step(config: &Config, record: &Record) -> Option<Answer> {
    let trained = record.pieces.as_ref()?.sum.max_error(config.target);
    let formula = ReluSum::interpolating(config.target, config.pieces).max_error(config.target);
    let (choice, verdict) = match trained / formula {
        ratio if ratio < 1.0 => (0, "training finds a better fit than equal pieces"),
        ratio if ratio <= 2.0 => (1, "training finds a somewhat worse fit than equal pieces"),
        _ => (2, "training finds a much worse fit than equal pieces"),
    };
    let words = format!(
        "With {} units the maximum error is {formula:.3} by the formula and {trained:.3} after training: {verdict}. Other seeds may end elsewhere.",
        config.pieces
    );
    let numbers = [("pieces_error", formula), ("pieces_trained_error", trained)];
    Some(Answer::new(words, choice, numbers))
}

fn rank_plus_one(config: &Config, record: &Record) -> Option<Answer> {
    let collapse = record.collapse.as_deref()?;
    let output = collapse.layers.last()?;
    let (rank, centered) = (output.linear.rank, collapse.linear_centered.rank);
    let (bound, d_in) = (rank_bound(config), config.d_in);
    let verdict = match rank {
        rank if rank == d_in + 1 => format!(
            "one more than its {d_in} inputs. After subtracting the column means, which takes the biases out, it has rank {centered}"
        ),
        rank if rank <= d_in => format!("no more than its {d_in} inputs"),
        _ => format!("more than the bound of {bound}, which should not be possible"),
    };
    let nonlinear = output.nonlinear.rank;
    let words = format!(
        "The output of the linear network has rank {rank}: {verdict}. That of the non-linear network has rank {nonlinear}."
    );
    let numbers =
        [("rank_linear", rank.into()), ("rank_bound", bound.into()), ("rank_activated", nonlinear.into())];
    Some(Answer::new(words, None, numbers))
}
