//! What the history promises: the hall's own fold, row by row; no event twice, none skipped, none changed, no secret.

mod follow;
mod forget;
mod rows;
mod sim;
