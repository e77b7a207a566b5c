//! The doors of the hall: who may ask, and how the answer looks.

pub mod app;
pub mod ask;
pub mod assets;
pub mod body;
pub mod find;
pub mod forecaster;
pub mod gate;
pub mod headers;
pub mod health;
pub mod idempotency;
pub mod limits;
pub mod live;
pub mod metrics;
pub mod openapi;
pub mod page;
pub mod passwords;
pub mod past;
pub mod problem;
pub mod rights;
pub mod routes;
pub mod secrets;
pub mod sessions;
pub mod setup;
pub mod views;
pub mod wire;

pub use app::{AppState, Demo, DemoAccount, DemoDevice, Parts, Sounds, WebSettings, configure, serve};
pub use health::Health;
pub use setup::SetUp;
