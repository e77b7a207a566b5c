//! What the history promises: the hall's own fold, row by row; no event twice, none skipped, none changed, no secret.

mod desk;
mod figures;
mod follow;
mod forget;
mod hotline;
mod rows;
mod sim;
