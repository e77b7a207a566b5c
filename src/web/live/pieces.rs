//! Hands what is written to a socket over in small pieces, so that its connection's buffer never grows.
//!
//! The buffer of a connection that once grew stays so large. After one slow sync of the disk everything that waited goes to every
//! board at once: a thousand boards would keep eight MiB more from then on.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

/// The largest piece, in bytes. A connection's buffer is made with twice that, and takes a piece while it holds less than one.
pub const PIECE_BYTES_MAX: usize = 4 << 10;

/// A body that is handed over in pieces.
pub(super) struct Pieces {
    body: BoxBody,
    /// What is left of a larger chunk.
    left: Bytes,
}

impl Pieces {
    pub(super) fn of(body: impl MessageBody + 'static) -> Self {
        Self { body: body.boxed(), left: Bytes::new() }
    }
}

impl MessageBody for Pieces {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, waker: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        while self.left.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_next(waker)) {
                Some(Ok(chunk)) => self.left = chunk,
                end => return Poll::Ready(end),
            }
        }
        let piece = self.left.len().min(PIECE_BYTES_MAX);
        Poll::Ready(Some(Ok(self.left.split_to(piece))))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::BodyStream;
    use futures_util::future::poll_fn;
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn everything_comes_in_order_and_no_piece_is_too_large() {
        let said: Vec<u8> = (0..3 * PIECE_BYTES_MAX + 7).map(|index| u8::try_from(index % 251).unwrap()).collect();
        let chunks =
            [&said[..10], &said[10..10], &said[10..20], &said[20..]].map(|chunk| Ok::<_, actix_web::Error>(Bytes::copy_from_slice(chunk)));
        let mut pieces = Pieces::of(BodyStream::new(stream::iter(chunks)));
        let mut heard = Vec::new();
        while let Some(piece) = poll_fn(|waker| Pin::new(&mut pieces).poll_next(waker)).await {
            let piece = piece.unwrap();
            assert!((1..=PIECE_BYTES_MAX).contains(&piece.len()));
            heard.extend_from_slice(&piece);
        }
        assert_eq!(heard, said);
    }
}
