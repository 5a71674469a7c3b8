//! How panels in several frames share one machine: the one that was last used trains, the others wait and say so, and
//! one that nobody sees rests.
//!
//! Each panel tells the others whether it wants to train and when its visitor last asked for that; of those that want
//! to, the one asked last does. All reckon with the same table, so they agree without anybody in charge. Pure: it is
//! told what happens and says what to do.

use std::collections::BTreeMap;

/// Why a run waits that its visitor did not pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// Nobody sees the panel.
    Away,
    /// Another panel trains.
    Other,
}

/// What a run does, as far as others care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// There is none, or it is over.
    None,
    Paused,
    Running,
}

/// What one panel tells the others.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    pub by: String,
    /// Whether it trains or would like to.
    pub wants: bool,
    /// When its visitor last asked for that, in milliseconds since 1970; 0 if it began by itself.
    pub since: f64,
    /// Whether it has just come and does not know the others yet.
    pub new: bool,
}

/// What happens to a panel.
#[derive(Clone, Debug, PartialEq)]
pub enum HostEvent {
    Run(Run),
    /// Whether somebody can see it.
    Seen(bool),
    Heard(Claim),
    /// It is to train by itself, when it can.
    Autoplay,
    /// Its page goes away.
    Leave,
}

/// What a panel is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Train,
    Pause,
    Resume,
    Broadcast(Claim),
}

/// One panel's view of its neighbours.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheduler {
    me: String,
    run: Run,
    seen: bool,
    /// Whether the run waits by itself, and not by its visitor's wish.
    held: bool,
    /// Whether training is to start when it can.
    eager: bool,
    /// What was asked of the run and has not happened yet.
    asked: Option<Run>,
    since: f64,
    /// The others that want to train, and since when.
    others: BTreeMap<String, f64>,
    broadcast: Option<(bool, f64)>,
    /// Whether the others know that it is there.
    greeted: bool,
}

impl Scheduler {
    /// A panel of this name, not seen yet.
    pub fn new(me: String) -> Self {
        Self {
            me,
            run: Run::None,
            seen: false,
            held: false,
            eager: false,
            asked: None,
            since: 0.0,
            others: BTreeMap::new(),
            broadcast: None,
            greeted: false,
        }
    }

    /// Why the run waits, if it does not by its visitor's wish.
    pub fn pause_reason(&self) -> Option<PauseReason> {
        self.held.then_some(if self.seen { PauseReason::Other } else { PauseReason::Away })
    }

    /// Takes notice, and says what to do. `now` is in milliseconds since 1970.
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
        self.settle(&mut actions);
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
        let ours = self.asked == Some(run);
        if before == run {
            return;
        }
        self.asked = None;
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

    /// Whether no other that wants to train was asked later.
    fn first(&self) -> bool {
        let later = |(other, since): (&String, &f64)| (*since, other) > (self.since, &self.me);
        !self.others.iter().any(later)
    }

    fn settle(&mut self, actions: &mut Vec<Action>) {
        if self.asked.is_some() {
            return;
        }
        let may = self.seen && self.first();
        match self.run {
            Run::Running if !may => {
                (self.held, self.asked) = (true, Some(Run::Paused));
                actions.push(Action::Pause);
            }
            Run::Paused if self.held && may => {
                self.asked = Some(Run::Running);
                actions.push(Action::Resume);
            }
            Run::None if self.eager && may => {
                self.asked = Some(Run::Running);
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

    /// Panels on one page. Each has a letter box, and what a panel hears from another comes in the order it was said.
    struct Page {
        panels: Vec<Scheduler>,
        boxes: Vec<VecDeque<HostEvent>>,
        now: f64,
    }

    impl Page {
        fn new(n: usize) -> Self {
            let panels = (0..n).map(|i| Scheduler::new(format!("p{i}"))).collect();
            let mut page = Self { panels, boxes: vec![VecDeque::new(); n], now: 1.0 };
            (0..n).for_each(|i| page.happen(i, HostEvent::Seen(true), 0));
            page
        }

        /// Something happens, and then everything that follows from it, in an order that `order` chooses.
        fn happen(&mut self, panel: usize, event: HostEvent, order: usize) {
            self.now += 1.0;
            self.boxes[panel].push_back(event);
            for round in 0..10_000 {
                let full: Vec<_> = (0..self.boxes.len()).filter(|&i| !self.boxes[i].is_empty()).collect();
                let Some(&panel) = full.get((order + round * (order + 1)) % full.len().max(1)) else {
                    return;
                };
                let Some(event) = self.boxes[panel].pop_front() else { return };
                for action in self.panels[panel].notice(event, self.now) {
                    match action {
                        Action::Train | Action::Resume => {
                            self.boxes[panel].push_back(HostEvent::Run(Run::Running))
                        }
                        Action::Pause => self.boxes[panel].push_back(HostEvent::Run(Run::Paused)),
                        Action::Broadcast(claim) => {
                            for other in (0..self.panels.len()).filter(|other| *other != panel) {
                                self.boxes[other].push_back(HostEvent::Heard(claim.clone()));
                            }
                        }
                    }
                }
            }
            panic!("the panels never come to rest");
        }

        fn runs(&self) -> Vec<Run> {
            self.panels.iter().map(|panel| panel.run).collect()
        }
    }

    #[test]
    fn the_panel_last_used_trains_and_the_other_goes_on_afterwards() {
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
    fn a_panel_out_of_sight_rests_and_lets_others_train() {
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
    fn what_a_visitor_paused_stays_so() {
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
    fn a_newcomer_learns_who_trains() {
        let mut page = Page::new(1);
        page.happen(0, HostEvent::Run(Run::Running), 0);
        page.panels.push(Scheduler::new("p1".into()));
        page.boxes.push(VecDeque::new());
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
        fn never_two_at_once_and_never_all_waiting(
            events in prop::collection::vec((0..4usize, event(), 0..20usize), 1..60),
        ) {
            let mut page = Page::new(4);
            for (panel, event, order) in events {
                // A run that is not there cannot be paused.
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
