//! The events that were read last, bounded, for those who come back.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Batch;

/// Batches that follow one another without a gap.
pub(super) struct Ring {
    /// The events after this revision are here.
    base: u64,
    batches: VecDeque<Arc<Batch>>,
    events: usize,
    /// Of the events as written.
    bytes: usize,
    events_max: usize,
    bytes_max: usize,
}

impl Ring {
    pub(super) fn new(base: u64, events_max: usize, bytes_max: usize) -> Self {
        Self { base, batches: VecDeque::new(), events: 0, bytes: 0, events_max, bytes_max }
    }

    /// Takes in the batch that follows; the oldest fall out.
    pub(super) fn push(&mut self, batch: Arc<Batch>) {
        self.events += batch.events.len();
        self.bytes += size(&batch);
        self.batches.push_back(batch);
        while (self.events > self.events_max || self.bytes > self.bytes_max) && self.batches.len() > 1 {
            if let Some(oldest) = self.batches.pop_front() {
                self.events -= oldest.events.len();
                self.bytes -= size(&oldest);
                self.base = oldest.last;
            }
        }
    }

    /// The events after a revision, those of one batch as a rule; `None` where they have fallen out or are not there yet.
    pub(super) fn since(&self, after: u64, limit: usize) -> Option<Arc<Batch>> {
        if after < self.base {
            return None;
        }
        let index = self.batches.partition_point(|batch| batch.last <= after);
        let batch = self.batches.get(index)?;
        if batch.first == after + 1 && batch.events.len() <= limit {
            Some(Arc::clone(batch))
        } else {
            Some(Arc::new(batch.part(after, limit)))
        }
    }
}

fn size(batch: &Batch) -> usize {
    batch.entries.iter().map(|entry| entry.json.len()).sum()
}
