//! The parts that the panels of all sections share: the state of a panel, its controls, and its frame.

mod address;
mod background;
mod code;
mod controls;
mod copy_button;
pub mod files;
mod frame;
mod guided;
mod history;
mod local_storage;
mod problems;
mod ptr_eq;
mod run_panel;
mod run_status;
mod run_view;
mod settings;
mod share;
mod shown;
mod side;
mod state;
mod sweep;
mod symbols;
mod tabs;
mod visits;
mod work;

pub use crate::panel::address::{page_problems, page_tidied};
pub use crate::panel::code::{CodePart, DrawnPart, code_flow};
pub use crate::panel::controls::{ControlGroup, controls, controls_without, folded_controls};
pub use crate::panel::copy_button::CopyButton;
pub use crate::panel::frame::{ChapterBody, Page, frame};
pub use crate::panel::problems::Problems;
pub use crate::panel::ptr_eq::PtrEq;
pub use crate::panel::run_view::{
    ACCURACY, CurveFigure, CurveSpec, LOSS, OpenRunView, Readouts, RunView, series_table,
};
pub use crate::panel::settings::{AnySettings, PanelProps, PanelSettings, use_settings};
pub use crate::panel::share::Share;
pub use crate::panel::side::{Hint, MAX_CONTROLS};
pub use crate::panel::state::{PanelAction, PanelState, SEEDS, device, is_locked};
pub use crate::panel::visits::{Visit, visit};
pub use crate::panel::work::{HandIn, Work, use_work};
