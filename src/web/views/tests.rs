//! What the views promise.
