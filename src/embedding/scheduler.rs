//! Sharing one machine among panels in several frames: the panel used last trains, the others wait and show
//! why, and an invisible panel is paused.
//!
//! Each panel sends the others a claim: whether it wants to train, and when the user last asked for that.
//! Among the panels that want to train, the one asked last does. All use the same table, so they agree
//! without a coordinator. Pure: takes events and returns actions.

use std::collections::BTreeMap;

/// The reason a run is paused, if not by the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// The panel is not visible.
    Away,
    /// Another panel trains.
    Other,
}

/// The state of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// There is no run, or it has ended.
    None,
    /// The run is paused.
    Paused,
    /// The run is training.
    Running,
}

/// The message of one panel to the others.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The name of the panel.
    pub by: String,
    /// True if the panel trains or wants to train.
    pub wants: bool,
    /// The time at which the user last asked for training, in milliseconds since 1970; 0 if it started by
    /// itself.
    pub since: f64,
    /// True if the panel is new and does not know the others yet.
    pub new: bool,
}

/// An event of a panel.
#[derive(Clone, Debug, PartialEq)]
pub enum HostEvent {
    /// The run changed its state.
    Run(Run),
    /// The panel became visible or invisible.
    Seen(bool),
    /// Another panel sent a claim.
    Heard(Claim),
    /// The panel should start training by itself.
    Autoplay,
    /// The page is left.
    Leave,
}

/// An action that a panel must take.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Start training.
    Train,
    /// Pause the run.
    Pause,
    /// Resume the run.
    Resume,
    /// Send a claim to the other panels.
    Broadcast(Claim),
}

/// One panel's view of all panels on the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheduler {
    me: String,
    run: Run,
    seen: bool,
    /// True if the scheduler paused the run, and not the user.
    held: bool,
    /// True if training starts as soon as it may.
    eager: bool,
    /// The requested state that the run has not reached yet.
    requested: Option<Run>,
    since: f64,
    /// The other panels that want to train, and since when.
    others: BTreeMap<String, f64>,
    /// The last claim sent: `wants` and `since`.
    broadcast: Option<(bool, f64)>,
    /// True if the other panels know this one.
    greeted: bool,
}

impl Scheduler {
    /// Returns the scheduler of the panel with this name, which is not visible yet.
    pub fn new(me: String) -> Self {
        Self {
            me,
            run: Run::None,
            seen: false,
            held: false,
            eager: false,
            requested: None,
            since: 0.0,
            others: BTreeMap::new(),
            broadcast: None,
            greeted: false,
        }
    }

    /// Returns the reason the run is paused; `None` if the user paused it.
    pub fn pause_reason(&self) -> Option<PauseReason> {
        self.held.then_some(if self.seen { PauseReason::Other } else { PauseReason::Away })
    }

    /// Takes an event and returns the actions that follow. `now` is in milliseconds since 1970.
    pub fn notice(&mut self, event: HostEvent, now: f64) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            HostEvent::Run(run) => self.run(run, now),
            HostEvent::Seen(seen) => self.seen = seen,
            HostEvent::Autoplay => self.eager = true,
            HostEvent::Leave => (self.run, self.held, self.eager) = (Run::None, false, false),
            HostEvent::Heard(claim) if claim.by == self.me || !claim.since.is_finite() => return actions,
            HostEvent::Heard(claim) => {
                if claim.wants {
                    self.others.insert(claim.by, claim.since);
                } else {
                    self.others.remove(&claim.by);
                }
                if claim.new {
                    self.broadcast = None;
                }
            }
        }
        self.update(&mut actions);
        let claim = (self.wants(), self.since);
        if self.broadcast != Some(claim) {
            let new = !std::mem::replace(&mut self.greeted, true);
            self.broadcast = Some(claim);
            actions.push(Action::Broadcast(Claim {
                by: self.me.clone(),
                wants: claim.0,
                since: claim.1,
                new,
            }));
        }
        actions
    }

    fn run(&mut self, run: Run, now: f64) {
        let before = std::mem::replace(&mut self.run, run);
        let ours = self.requested == Some(run);
        if before == run {
            return;
        }
        self.requested = None;
        match run {
            Run::Running => {
                (self.held, self.eager) = (false, false);
                if !ours {
                    self.since = now;
                }
            }
            Run::Paused => self.held = ours,
            Run::None => self.held = false,
        }
    }

    fn wants(&self) -> bool {
        self.seen && (self.run == Run::Running || self.held || (self.eager && self.run == Run::None))
    }

    /// Returns true if no other panel that wants to train was asked later.
    fn is_first(&self) -> bool {
        let later = |(other, since): (&String, &f64)| (*since, other) > (self.since, &self.me);
        !self.others.iter().any(later)
    }

    /// Requests the state that the claims of all panels call for.
    fn update(&mut self, actions: &mut Vec<Action>) {
        if self.requested.is_some() {
            return;
        }
        let may = self.seen && self.is_first();
        match self.run {
            Run::Running if !may => {
                (self.held, self.requested) = (true, Some(Run::Paused));
                actions.push(Action::Pause);
            }
            Run::Paused if self.held && may => {
                self.requested = Some(Run::Running);
                actions.push(Action::Resume);
            }
            Run::None if self.eager && may => {
                self.requested = Some(Run::Running);
                actions.push(Action::Train);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::embedding::scheduler::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    /// Panels on one page. Each has an inbox, which preserves the order of another panel's messages.
    struct Page {
        panels: Vec<Scheduler>,
        inboxes: Vec<VecDeque<HostEvent>>,
        now: f64,
    }

    impl Page {
        fn new(n: usize) -> Self {
            let panels = (0..n).map(|i| Scheduler::new(format!("p{i}"))).collect();
            let mut page = Self { panels, inboxes: vec![VecDeque::new(); n], now: 1.0 };
            (0..n).for_each(|i| page.happen(i, HostEvent::Seen(true), 0));
            page
        }

        /// Handles an event and everything that follows from it, in an order determined by `order`.
        fn happen(&mut self, panel: usize, event: HostEvent, order: usize) {
            self.now += 1.0;
            self.inboxes[panel].push_back(event);
            for round in 0..10_000 {
                let full: Vec<_> = (0..self.inboxes.len()).filter(|&i| !self.inboxes[i].is_empty()).collect();
                let Some(&panel) = full.get((order + round * (order + 1)) % full.len().max(1)) else {
                    return;
                };
                let Some(event) = self.inboxes[panel].pop_front() else { return };
                for action in self.panels[panel].notice(event, self.now) {
                    match action {
                        Action::Train | Action::Resume => {
                            self.inboxes[panel].push_back(HostEvent::Run(Run::Running))
                        }
                        Action::Pause => self.inboxes[panel].push_back(HostEvent::Run(Run::Paused)),
                        Action::Broadcast(claim) => {
                            for other in (0..self.panels.len()).filter(|other| *other != panel) {
                                self.inboxes[other].push_back(HostEvent::Heard(claim.clone()));
                            }
                        }
                    }
                }
            }
            panic!("the panels never settle");
        }

        fn runs(&self) -> Vec<Run> {
            self.panels.iter().map(|panel| panel.run).collect()
        }
    }

    #[test]
    fn the_panel_used_last_trains_and_the_other_resumes_afterward() {
        let mut page = Page::new(2);
        page.happen(0, HostEvent::Run(Run::Running), 0);
        page.happen(1, HostEvent::Run(Run::Running), 0);
        assert_eq!(page.runs(), [Run::Paused, Run::Running]);
        assert_eq!(page.panels[0].pause_reason(), Some(PauseReason::Other));
        page.happen(1, HostEvent::Run(Run::None), 0);
        assert_eq!(page.runs(), [Run::Running, Run::None]);
        assert_eq!(page.panels[0].pause_reason(), None);
    }

    #[test]
    fn an_invisible_panel_pauses_and_lets_others_train() {
        let mut page = Page::new(2);
        page.happen(1, HostEvent::Run(Run::Running), 0);
        page.happen(0, HostEvent::Run(Run::Running), 0);
        page.happen(0, HostEvent::Seen(false), 0);
        assert_eq!(page.runs(), [Run::Paused, Run::Running]);
        assert_eq!(page.panels[0].pause_reason(), Some(PauseReason::Away));
        page.happen(1, HostEvent::Leave, 0);
        page.happen(0, HostEvent::Seen(true), 0);
        assert_eq!(page.runs(), [Run::Running, Run::None]);
    }

    #[test]
    fn a_run_paused_by_the_user_stays_paused() {
        let mut page = Page::new(1);
        page.happen(0, HostEvent::Run(Run::Running), 0);
        page.happen(0, HostEvent::Run(Run::Paused), 0);
        page.happen(0, HostEvent::Seen(false), 0);
        page.happen(0, HostEvent::Seen(true), 0);
        assert_eq!(page.runs(), [Run::Paused]);
        assert_eq!(page.panels[0].pause_reason(), None);
    }

    #[test]
    fn panels_that_start_by_themselves_take_turns() {
        let mut page = Page::new(3);
        (0..3).for_each(|panel| page.happen(panel, HostEvent::Autoplay, 0));
        for _ in 0..3 {
            let running: Vec<_> = (0..3).filter(|&i| page.panels[i].run == Run::Running).collect();
            assert_eq!(running.len(), 1);
            page.happen(running[0], HostEvent::Run(Run::None), 0);
        }
        assert_eq!(page.runs(), [Run::None; 3]);
    }

    #[test]
    fn the_other_panels_report_to_a_new_one() {
        let mut page = Page::new(1);
        page.happen(0, HostEvent::Run(Run::Running), 0);
        page.panels.push(Scheduler::new("p1".into()));
        page.inboxes.push(VecDeque::new());
        page.happen(1, HostEvent::Seen(true), 0);
        page.happen(1, HostEvent::Autoplay, 0);
        assert_eq!(page.runs(), [Run::Running, Run::None]);
    }

    fn event() -> impl Strategy<Value = HostEvent> {
        prop_oneof![
            3 => Just(HostEvent::Run(Run::Running)),
            1 => Just(HostEvent::Run(Run::Paused)),
            2 => Just(HostEvent::Run(Run::None)),
            2 => any::<bool>().prop_map(HostEvent::Seen),
            1 => Just(HostEvent::Autoplay),
            1 => Just(HostEvent::Leave),
        ]
    }

    proptest! {
        #[test]
        fn exactly_one_panel_trains_if_any_wants_to(
            events in prop::collection::vec((0..4usize, event(), 0..20usize), 1..60),
        ) {
            let mut page = Page::new(4);
            for (panel, event, order) in events {
                // Without a run there is nothing to pause.
                if event == HostEvent::Run(Run::Paused) && page.panels[panel].run == Run::None {
                    continue;
                }
                page.happen(panel, event, order);
                let running = page.runs().iter().filter(|run| **run == Run::Running).count();
                prop_assert!(running <= 1, "{:?}", page.panels);
                prop_assert!(running == 1 || !page.panels.iter().any(Scheduler::wants), "{:?}", page.panels);
            }
        }
    }
}
