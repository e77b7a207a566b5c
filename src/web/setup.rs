//! The one-time secret with which a new hall gets its first administrator.

use super::secrets::{self, NoRandom, digest, same};

/// What the server keeps of the one-time secret.
#[derive(Debug, Clone)]
pub struct SetUp {
    digest: String,
}

impl SetUp {
    /// A new secret, and what to keep of it. Whoever starts the server prints the secret as `/setup?token=…`.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn draw() -> Result<(Self, String), NoRandom> {
        let secret = secrets::secret()?;
        Ok((Self { digest: digest(&secret) }, secret))
    }

    /// Whether this is the secret.
    #[must_use]
    pub fn is(&self, secret: &str) -> bool {
        same(&self.digest, &digest(secret))
    }
}
