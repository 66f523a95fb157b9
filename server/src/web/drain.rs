//! What nobody read of a request, read to its end.
//!
//! A connection on which a body stands unread cannot carry another request: it is closed, and the
//! client, which knows nothing of it yet, fails at its next call.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::sync::oneshot;

/// Bytes that are read only to be thrown away; as many as the largest body that is not an upload.
const MOST: usize = 64 << 20;

/// A client that sends the rest more slowly loses its connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads what is left of the body once the answer is known. Where that would be too much, the answer
/// says that the connection closes.
pub async fn rest(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    // Such a client sends the body only if it is asked to.
    let waits = request.headers().contains_key(header::EXPECT);
    let (parts, body) = request.into_parts();
    let (back, mut returned) = oneshot::channel();
    let lent = Lent { body: Some(body.into_data_stream()), back: Some(back) };
    let request = Request::from_parts(parts, Body::from_stream(lent));
    let mut response = next.run(request).await;
    // Whoever still has it reads it.
    let Ok(left) = returned.try_recv() else { return response };
    if waits || !is_read_up(left).await {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether the end of `left` was reached.
async fn is_read_up(mut left: BodyDataStream) -> bool {
    if Stream::size_hint(&left).0 > MOST {
        return false;
    }
    let reading = async {
        let mut read = 0;
        while let Some(chunk) = left.next().await {
            read += chunk.map_or(MOST, |chunk| chunk.len());
            if read >= MOST {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap_or(false)
}

/// A body that goes back to its owner when it is let go of before its end.
struct Lent {
    body: Option<BodyDataStream>,
    back: Option<oneshot::Sender<BodyDataStream>>,
}

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = body.poll_next_unpin(context);
        if let Poll::Ready(None) = polled {
            self.body = None;
        }
        polled
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(body), Some(back)) = (self.body.take(), self.back.take()) {
            // Gone with its client, perhaps.
            let _ = back.send(body);
        }
    }
}
