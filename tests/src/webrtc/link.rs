//! The task of one peer: a socket, str0m, and the weather between them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::Instant;

use str0m::net::Receive;
use str0m::{Event, Input, Output, Rtc};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::webrtc::road::Road;
use crate::webrtc::weather::{Fate, Sky, Weather};

/// What a peer does with its connection.
pub(super) trait Party: Send + 'static {
    /// What it can be told to do.
    type Order: Send + 'static;

    /// A datagram came.
    fn datagram(&mut self, now: Instant);
    /// Something happened.
    fn event(&mut self, event: Event, now: Instant);
    /// The connection is over.
    fn closed(&mut self);
    /// It is told to do something.
    fn obey(&mut self, order: Self::Order, rtc: &mut Rtc);
    /// When it wants to act next.
    fn due(&self) -> Option<Instant> {
        None
    }
    /// That time has come; one change to `rtc` is allowed.
    fn act(&mut self, _now: Instant, _rtc: &mut Rtc) {}
}

enum Order<O> {
    Party(O),
    Weather(Weather),
    FallSilent,
}

/// A running peer; ended when dropped.
pub(super) struct Link<O> {
    orders: mpsc::UnboundedSender<Order<O>>,
    task: JoinHandle<()>,
}

impl<O: Send + 'static> Link<O> {
    pub(super) fn start<P: Party<Order = O>>(rtc: Rtc, road: Road, weather: Weather, party: P) -> Self {
        let (orders, heard) = mpsc::unbounded_channel();
        let task = tokio::spawn(
            Runner { rtc, road, sky: Sky::new(weather), party, late: BinaryHeap::new(), count: 0 }.run(heard),
        );
        Self { orders, task }
    }

    pub(super) fn order(&self, order: O) {
        // A peer that is over obeys no more.
        let _ = self.orders.send(Order::Party(order));
    }

    /// The weather changes.
    pub(super) fn weather(&self, weather: Weather) {
        let _ = self.orders.send(Order::Weather(weather));
    }

    /// Reads and says nothing any more; the socket stays open, as that of a phone out of reach.
    pub(super) fn fall_silent(&self) {
        let _ = self.orders.send(Order::FallSilent);
    }
}

impl<O> Drop for Link<O> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// When it arrives, its number (those of one time stay in order), whose it is and what.
type Late = (Instant, u64, SocketAddr, Vec<u8>);

struct Runner<P> {
    rtc: Rtc,
    road: Road,
    sky: Sky,
    party: P,
    /// Datagrams under way, by the time they arrive.
    late: BinaryHeap<Reverse<Late>>,
    count: u64,
}

impl<P: Party> Runner<P> {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order<P::Order>>) {
        let mut datagram = Vec::with_capacity(u16::MAX.into());
        while let Some(timeout) = self.drain().await {
            let now = Instant::now();
            if self.party.due().is_some_and(|due| due <= now) {
                self.party.act(now, &mut self.rtc);
                continue;
            }
            if self.late.peek().is_some_and(|Reverse((then, ..))| *then <= now)
                && let Some(Reverse((_, _, from, contents))) = self.late.pop()
            {
                self.input(now, from, &contents);
                continue;
            }
            if timeout <= now {
                self.handle(Input::Timeout(now));
                continue;
            }
            let arrives = self.late.peek().map(|Reverse((then, ..))| *then);
            let wake = [self.party.due(), arrives].into_iter().flatten().fold(timeout, Instant::min);
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Party(order)) => self.party.obey(order, &mut self.rtc),
                    Some(Order::Weather(weather)) => self.sky.weather = weather,
                    Some(Order::FallSilent) => {
                        while orders.recv().await.is_some() {}
                        return;
                    }
                    None => return,
                },
                received = self.road.receive(&mut datagram) => match received {
                    Ok(from) => self.received(from, &datagram),
                    Err(_) => self.rtc.disconnect(),
                },
                () = tokio::time::sleep_until(wake.into()) => {}
            }
        }
        self.party.closed();
        // What still comes to the socket is still counted.
        while self.road.receive(&mut datagram).await.is_ok() {
            self.party.datagram(Instant::now());
        }
    }

    fn received(&mut self, from: SocketAddr, datagram: &[u8]) {
        let now = Instant::now();
        self.party.datagram(now);
        match self.sky.incoming(now) {
            Fate::Lost => {}
            Fate::Passes => self.input(now, from, datagram),
            Fate::Late(then) => {
                self.count += 1;
                self.late.push(Reverse((then, self.count, from, datagram.to_vec())));
            }
        }
    }

    fn input(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        // What str0m cannot even sort is none of its own.
        let Ok(contents) = datagram.try_into() else { return };
        let (proto, destination) = (self.road.protocol(), self.road.local());
        self.handle(Input::Receive(now, Receive { proto, source: from, destination, contents }));
    }

    fn handle(&mut self, input: Input<'_>) {
        if self.rtc.handle_input(input).is_err() {
            self.rtc.disconnect();
        }
    }

    /// Sends and tells everything there is; the time str0m wants to be woken, or None when it is over.
    async fn drain(&mut self) -> Option<Instant> {
        loop {
            if !self.rtc.is_alive() {
                return None;
            }
            match self.rtc.poll_output().ok()? {
                Output::Timeout(then) => return Some(then),
                Output::Transmit(transmit) => {
                    if !self.sky.loses_outgoing(&transmit.contents) {
                        self.road.send(transmit.destination, &transmit.contents).await;
                    }
                }
                Output::Event(event) => self.party.event(event, Instant::now()),
            }
        }
    }
}
