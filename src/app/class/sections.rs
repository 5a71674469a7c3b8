//! The sections of the lab as the class view needs them.

use crate::coursework::class::SectionInfo;
use crate::for_each_section;
use crate::run::any::AnyExperiment;

/// Returns the experiments of all sections.
pub(super) fn experiments() -> Vec<&'static AnyExperiment> {
    macro_rules! experiments {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            vec![$(AnyExperiment::of::<crate::sections::$module::$experiment>()),*]
        };
    }
    for_each_section!(experiments)
}

/// Returns all sections with their settings and guided experiments.
pub(super) fn catalog() -> Vec<SectionInfo> {
    let info = |experiment: &'static AnyExperiment| SectionInfo {
        slug: experiment.slug,
        schema: experiment.schema,
        guided: experiment.guided_infos(),
    };
    experiments().into_iter().map(info).collect()
}
