//! The workers that train one network, connected by message channels: the leader has one to each of the
//! others. See [`shards`](crate::run::shards).

use crate::core::LabError;
use crate::protocol::TeamPlace;
use crate::run::shards::{LocalFuture, Team, sum_in_order};
use crate::worker::control::Control;
use crate::worker::messages::{log_error, now_ms};
use js_sys::{Array, Float32Array, JsString, Uint8Array};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, MessagePort};

/// A member of a team: its connections, and the messages that have arrived.
#[derive(Debug)]
pub(super) struct PortTeam {
    place: TeamPlace,
    /// The connections: those of the leader to all others, in their order, and that of another to the leader.
    peers: Vec<Peer>,
    control: Rc<Control>,
    waited_ms: Cell<f64>,
    /// True once the others know that there are no further steps.
    has_ended: Cell<bool>,
}

/// A connection to another worker.
#[derive(Debug)]
struct Peer {
    port: MessagePort,
    inbox: Rc<Inbox>,
    _on_message: Closure<dyn Fn(MessageEvent)>,
}

/// Messages that have arrived.
#[derive(Debug, Default)]
struct Inbox {
    /// The settings of steps that the leader has begun.
    begun: RefCell<VecDeque<Vec<u8>>>,
    /// The numbers of shards, or their sum.
    numbers: RefCell<VecDeque<Vec<Vec<f32>>>>,
    /// True if the leader does no further steps.
    over: Cell<bool>,
    /// The reason why the other worker has failed.
    failed: RefCell<Option<String>>,
}

/// A message between workers: a JavaScript array of a number, which is the kind, and its content. Nothing of
/// it is encoded, because it has megabytes at every step.
enum Message {
    /// The settings of a step that the leader begins.
    Begin(Vec<u8>),
    /// The numbers of this worker's shards, or the sum over all shards.
    Numbers(Vec<Vec<f32>>),
    /// There are no further steps.
    End,
    /// This worker has failed.
    Failed(String),
}

impl PortTeam {
    pub(super) fn new(place: TeamPlace, ports: Vec<MessagePort>, control: Rc<Control>) -> Self {
        let peers = ports.into_iter().map(|port| Peer::new(port, &control)).collect();
        Self { place, peers, control, waited_ms: Cell::new(0.0), has_ended: Cell::new(false) }
    }

    /// Returns the number of workers that still train the network.
    pub(super) fn at_work(&self) -> u8 {
        if self.has_ended.get() { 1 } else { self.place.workers }
    }

    /// Tells the leader that this worker has failed.
    pub(super) fn fail(&self, error: &LabError) {
        self.post(&Message::Failed(error.to_string()));
    }

    fn post(&self, message: &Message) {
        self.peers.iter().for_each(|peer| message.post(&peer.port));
    }

    /// Waits for numbers from another worker.
    async fn numbers(&self, peer: &Peer) -> Result<Vec<Vec<f32>>, LabError> {
        loop {
            if let Some(numbers) = peer.inbox.numbers.borrow_mut().pop_front() {
                return Ok(numbers);
            }
            if let Some(why) = peer.inbox.failed.borrow().clone() {
                return Err(LabError::Config(why));
            }
            if peer.inbox.over.get() || self.control.forgotten.get() {
                return Err(LabError::Device("Another worker of this network was ended.".to_owned()));
            }
            self.control.wake.listen().await;
        }
    }
}

impl Team for PortTeam {
    fn place(&self) -> usize {
        self.place.place.into()
    }

    fn workers(&self) -> usize {
        self.place.workers.into()
    }

    fn begin(&self, settings: Vec<u8>) {
        self.post(&Message::Begin(settings));
    }

    fn next(&self) -> LocalFuture<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let leader = self.peers.first()?;
            loop {
                if let Some(settings) = leader.inbox.begun.borrow_mut().pop_front() {
                    return Some(settings);
                }
                if leader.inbox.over.get() || self.control.forgotten.get() {
                    return None;
                }
                self.control.wake.listen().await;
            }
        })
    }

    fn sum(&self, own: Vec<Vec<f32>>) -> LocalFuture<'_, Result<Vec<f32>, LabError>> {
        Box::pin(async move {
            let start = now_ms();
            let sum = if self.place() == 0 {
                let mut all = own;
                for peer in &self.peers {
                    all.extend(self.numbers(peer).await?);
                }
                let sum = vec![sum_in_order(all)];
                self.post(&Message::Numbers(sum.clone()));
                sum
            } else {
                self.post(&Message::Numbers(own));
                let Some(leader) = self.peers.first() else { return Ok(Vec::new()) };
                self.numbers(leader).await?
            };
            self.waited_ms.set(self.waited_ms.get() + now_ms() - start);
            Ok(sum.into_iter().next().unwrap_or_default())
        })
    }

    fn waited_ms(&self) -> f64 {
        self.waited_ms.get()
    }

    fn end(&self) {
        if self.place() == 0 && !self.has_ended.replace(true) {
            self.post(&Message::End);
        }
    }
}

impl Drop for PortTeam {
    fn drop(&mut self) {
        // The others also end if the leader fails.
        self.end();
        for Peer { port, .. } in &self.peers {
            port.set_onmessage(None);
        }
    }
}

impl Peer {
    fn new(port: MessagePort, control: &Rc<Control>) -> Self {
        let inbox = Rc::new(Inbox::default());
        let on_message = {
            let (inbox, control) = (inbox.clone(), control.clone());
            Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
                match Message::read(&event.data()) {
                    Some(Message::Begin(settings)) => inbox.begun.borrow_mut().push_back(settings),
                    Some(Message::Numbers(numbers)) => inbox.numbers.borrow_mut().push_back(numbers),
                    Some(Message::End) => inbox.over.set(true),
                    Some(Message::Failed(why)) => drop(inbox.failed.replace(Some(why))),
                    None => log_error("a message of another worker could not be read"),
                }
                control.wake.notify(usize::MAX);
            })
        };
        // Messages are delivered from now on.
        port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Self { port, inbox, _on_message: on_message }
    }
}

impl Message {
    /// Sends it. The numbers' buffers are transferred, not copied.
    fn post(&self, port: &MessagePort) {
        let (message, transfer) = (Array::new(), Array::new());
        match self {
            Self::Begin(settings) => {
                message.push(&0.into());
                message.push(&Uint8Array::from(settings.as_slice()));
            }
            Self::Numbers(lists) => {
                message.push(&1.into());
                for list in lists {
                    let list = Float32Array::from(list.as_slice());
                    transfer.push(&list.buffer());
                    message.push(&list);
                }
            }
            Self::End => drop(message.push(&2.into())),
            Self::Failed(why) => {
                message.push(&3.into());
                message.push(&JsString::from(why.as_str()));
            }
        }
        if port.post_message_with_transferable(&message, &transfer).is_err() {
            log_error("a message could not be sent to another worker");
        }
    }

    fn read(data: &JsValue) -> Option<Self> {
        let parts: &Array = data.dyn_ref()?;
        let content = parts.get(1);
        Some(match parts.get(0).as_f64()? as u32 {
            0 => Self::Begin(content.dyn_ref::<Uint8Array>()?.to_vec()),
            1 => {
                let list = |part: JsValue| Some(part.dyn_ref::<Float32Array>()?.to_vec());
                Self::Numbers(parts.iter().skip(1).map(list).collect::<Option<_>>()?)
            }
            2 => Self::End,
            3 => Self::Failed(content.as_string()?),
            _ => return None,
        })
    }
}
