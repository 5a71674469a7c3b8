//! The claims of section 3, compared with the measurements.

mod gradients;
mod training;

use super::{BlockChoice, Config, Dataset, OrderChoice, Record, ShortcutChoice, cause, params_formula};
use crate::core::Check;
use gradients::flow_checks;
use training::{learning_check, own_check};

pub(super) fn checks(config: &Config, record: &Record) -> Vec<Check> {
    let mut checks = vec![count_check(config, record)];
    checks.extend(paper_check(config, record));
    for batch_norm in [false, true] {
        let flows = [&record.flow, &record.other_flow];
        let flow = flows.into_iter().flatten().find(|flow| flow.batch_norm == batch_norm);
        checks.extend(flow_checks(cause(config.init, batch_norm), flow.map(|flow| &**flow)));
    }
    checks.push(match config.dataset {
        Dataset::Own => own_check(config, record),
        Dataset::FashionMnist | Dataset::Cifar10 => learning_check(config, record),
    });
    checks
}

fn count_check(config: &Config, record: &Record) -> Check {
    let (plain, residual) = (params_formula(config, false), params_formula(config, true));
    let measured = record.structure.as_ref().map(|s| {
        let same = (u64::from(s.params_plain), u64::from(s.params_residual)) == (plain, residual);
        (format!("{} and {}", s.params_plain, s.params_residual), same)
    });
    Check::new(
        "The formula gives the parameters of both networks. They differ only in the projections.",
        format!("plain {plain}, residual {residual}"),
        measured,
    )
}

/// The parameters of the paper's ResNet-20 for CIFAR-10, which it rounds to 0.27 million: a 3 x 3 convolution of
/// three channels, 18 convolutions in three stages, batch norm, and a linear layer from 64 channels to 10 classes.
const PAPER: u32 = 269_722;
/// The weights that its first convolution saves on gray images: two channels of 16 3 x 3 kernels.
const PAPER_GRAY: u32 = PAPER - 2 * 16 * 9;

/// Checks the parameter count of the paper if the settings build its network.
fn paper_check(config: &Config, record: &Record) -> Option<Check> {
    let is_paper = (config.depth, config.block, config.width) == (20, BlockChoice::Basic, 1.0);
    let is_paper = is_paper
        && config.batch_norm
        && config.shortcut == ShortcutChoice::A
        && config.order == OrderChoice::Post;
    let (expected, claim) = match config.dataset {
        Dataset::FashionMnist => (
            PAPER_GRAY,
            "ResNet-20 with option A has 269,722 parameters on color images (0.27 million in He et al. 2016, table 6). On gray images its first convolution has 288 fewer.",
        ),
        Dataset::Cifar10 => (
            PAPER,
            "ResNet-20 with option A has 269,722 parameters (0.27 million in He et al. 2016, table 6).",
        ),
        Dataset::Own => return None,
    };
    is_paper.then(|| {
        let counted = record.structure.as_ref().map(|s| [s.params_residual.into()]);
        Check::counts(claim, [expected.into()], counted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Verdict;
    use crate::sections::resnet::Structure;
    use std::rc::Rc;

    const HOLDS: Verdict = Verdict::Holds;
    const FAILS: Verdict = Verdict::Fails;

    #[test]
    fn the_papers_count_is_exact() {
        let paper = |dataset| Config {
            width: 1.0,
            batch_norm: true,
            shortcut: ShortcutChoice::A,
            dataset,
            ..Config::default()
        };
        let verdict = |config: &Config, params_residual: u32| {
            let structure = Structure { params_residual, ..Structure::default() };
            let record = Record { structure: Some(Rc::new(structure)), ..Record::default() };
            paper_check(config, &record).map(|check| check.verdict)
        };
        let (color, gray) = (paper(Dataset::Cifar10), paper(Dataset::FashionMnist));
        assert_eq!((params_formula(&color, true), params_formula(&gray, true)), (269_722, 269_434));
        assert_eq!(verdict(&color, 269_722), Some(HOLDS));
        assert_eq!(verdict(&gray, 269_434), Some(HOLDS));
        // Options B and C round to the same 0.27 and 0.28 million.
        for wrong in [272_474, 272_186, 269_434] {
            assert_eq!(verdict(&color, wrong), Some(FAILS));
        }
        for other in [
            Config { shortcut: ShortcutChoice::B, ..color.clone() },
            Config { batch_norm: false, ..color.clone() },
            Config { depth: 32, ..color.clone() },
            Config { order: OrderChoice::Pre, ..color.clone() },
        ] {
            assert_eq!(verdict(&other, 269_722), None, "not the paper's network");
        }
    }

    #[test]
    fn a_wrong_count_is_reported() {
        let config = Config::default();
        let verdict = |plain: u64, residual: u64| {
            let structure = Structure {
                params_plain: plain as u32,
                params_residual: residual as u32,
                ..Structure::default()
            };
            let record = Record { structure: Some(Rc::new(structure)), ..Record::default() };
            count_check(&config, &record).verdict
        };
        let [plain, residual] = [false, true].map(|shortcuts| params_formula(&config, shortcuts));
        assert_eq!(verdict(plain, residual), HOLDS);
        assert_eq!(verdict(plain + 1, residual), FAILS);
        assert_eq!(verdict(plain, plain), FAILS);
    }
}
