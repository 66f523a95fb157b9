//! What goes on, told to every open page without being asked.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use app::api::Live;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use futures::stream::{self, StreamExt};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::Web;
use crate::studio::StudioHandle;

pub async fn listen(State(web): State<Web>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let closing = web.closing.clone();
    let events = stream::unfold(Listener::new(web.studio), Listener::next)
        .take_until(closing.cancelled_owned())
        .map(|live| Ok(event(&live)));
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

fn event(live: &Live) -> Event {
    Event::default().json_data(live).unwrap_or_else(|error| {
        tracing::error!("an event cannot be written as JSON: {error}");
        Event::default().comment("an event was lost")
    })
}

struct Listener {
    studio: StudioHandle,
    bus: Receiver<Live>,
    waiting: VecDeque<Live>,
    needs_snapshot: bool,
}

impl Listener {
    /// Listens before the first snapshot is taken, so that nothing falls between.
    fn new(studio: StudioHandle) -> Self {
        let bus = studio.0.live.subscribe();
        Self { studio, bus, waiting: VecDeque::new(), needs_snapshot: true }
    }

    async fn next(mut self) -> Option<(Live, Self)> {
        loop {
            if std::mem::take(&mut self.needs_snapshot) {
                let snapshot = self.studio.blocking(|darkroom| darkroom.snapshot()).await;
                self.waiting.extend(snapshot.unwrap_or_default());
            }
            if let Some(live) = self.waiting.pop_front() {
                return Some((live, self));
            }
            match self.bus.recv().await {
                Ok(live) => return Some((live, self)),
                Err(RecvError::Lagged(_)) => self.needs_snapshot = true,
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
