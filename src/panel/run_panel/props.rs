//! The properties of the run panel.

use crate::core::curve::RunSeries;
use crate::core::schema::Values;
use crate::core::settings::Param;
use crate::panel::PanelAction;
use crate::panel::background::Background;
use crate::panel::estimate::RunPlan;
use crate::panel::guided::GuidedView;
use crate::panel::work::Work;
use crate::protocol::{Progress, RunState};
use crate::saved_runs::DeviceUsed;
use std::rc::Rc;
use yew::prelude::*;

/// A network that has failed while others continue. Networks that were lost together are represented by the
/// first.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::panel) struct Failure {
    /// The index among the networks of all seeds.
    pub(in crate::panel) index: usize,
    pub(in crate::panel) sentence: AttrValue,
    /// True if its device or its worker was lost. All lost networks resume together.
    pub(in crate::panel) is_lost: bool,
}

#[derive(Clone, PartialEq, Properties, Debug)]
pub(in crate::panel) struct RunPanelProps {
    pub(in crate::panel) slug: &'static str,
    pub(in crate::panel) params: &'static [Param],
    pub(in crate::panel) state: RunState,
    pub(in crate::panel) progress: Progress,
    pub(in crate::panel) steps_per_sec: f32,
    /// The number of runs started so far, which identifies the current run.
    pub(in crate::panel) run: u32,
    /// The answer sheet of the reader.
    pub(in crate::panel) work: Work,
    /// The experiment that is open.
    pub(in crate::panel) guided: Option<GuidedView>,
    /// The slider over earlier states of the run.
    pub(in crate::panel) replay: Html,
    /// The names of the metrics that stay visible.
    pub(in crate::panel) main_metrics: &'static str,
    /// The run that the Train button would start.
    pub(in crate::panel) plan: RunPlan,
    /// The settings of a run.
    pub(in crate::panel) config: Rc<Values>,
    /// The device of the run, once it is known.
    pub(in crate::panel) device: Option<DeviceUsed>,
    /// The number of seeds of a run.
    pub(in crate::panel) seeds: u32,
    /// The networks that have failed while others continue.
    pub(in crate::panel) failures: Vec<Failure>,
    pub(in crate::panel) on_retry: Callback<usize>,
    /// The step from which lost networks resume, if any were lost.
    pub(in crate::panel) lost_at: Option<u32>,
    pub(in crate::panel) on_resume_lost: Callback<()>,
    /// A note if some networks still load while others train.
    pub(in crate::panel) loading: Option<AttrValue>,
    /// The sweep, which pauses together with the run.
    pub(in crate::panel) background: Background,
    /// A number that changes with the records.
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
    /// True if the run bar is not shown.
    pub(in crate::panel) hidden: bool,
    /// The chapters, which the prediction is drawn into.
    #[prop_or_default]
    pub(in crate::panel) children: Html,
}
