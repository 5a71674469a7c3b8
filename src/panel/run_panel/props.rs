//! What the run panel is given.

use crate::core::curve::RunSeries;
use crate::core::settings::Param;
use crate::panel::PanelAction;
use crate::panel::background::Background;
use crate::panel::guided::GuidedView;
use crate::protocol::{Progress, RunState};
use yew::prelude::*;

/// A net that has failed while others go on; of those that were lost together, the first.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::panel) struct Failure {
    /// Its number among the nets of all seeds.
    pub(in crate::panel) index: usize,
    pub(in crate::panel) sentence: AttrValue,
    /// Whether its device or its worker was lost: all that were go on together.
    pub(in crate::panel) is_lost: bool,
}

#[derive(Clone, PartialEq, Properties, Debug)]
pub(in crate::panel) struct RunPanelProps {
    pub(in crate::panel) slug: &'static str,
    pub(in crate::panel) params: &'static [Param],
    pub(in crate::panel) state: RunState,
    pub(in crate::panel) progress: Progress,
    pub(in crate::panel) steps_per_sec: f32,
    /// The experiment that is open.
    pub(in crate::panel) guided: Option<GuidedView>,
    /// Where a reader goes back to earlier states of the run.
    pub(in crate::panel) replay: Html,
    /// Names of the numbers that stay in sight.
    pub(in crate::panel) main_numbers: &'static str,
    /// How many seeds a run has.
    pub(in crate::panel) seeds: u32,
    /// The nets that have failed while others go on.
    pub(in crate::panel) failures: Vec<Failure>,
    pub(in crate::panel) on_retry: Callback<usize>,
    /// The step that nets which were lost go on from, if some were.
    pub(in crate::panel) lost_at: Option<u32>,
    pub(in crate::panel) on_go_on: Callback<()>,
    /// That some nets still load, if others train already.
    pub(in crate::panel) loading: Option<AttrValue>,
    /// The sweep, which waits where the run would.
    pub(in crate::panel) background: Background,
    /// Differs when something new was measured.
    pub(in crate::panel) mark: usize,
    pub(in crate::panel) series: Callback<(), Vec<RunSeries>>,
    /// Changes the panel's state.
    pub(in crate::panel) dispatch: Callback<PanelAction>,
    pub(in crate::panel) on_train: Callback<()>,
    pub(in crate::panel) on_pause: Callback<()>,
    pub(in crate::panel) on_resume: Callback<()>,
    pub(in crate::panel) on_step: Callback<()>,
    pub(in crate::panel) on_stop: Callback<()>,
    pub(in crate::panel) on_reset: Callback<()>,
}
