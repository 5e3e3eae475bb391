//! Passwords and tokens as they are kept: as Argon2id hashes, of which few are made at once. It does not know whose they are.

use std::{collections::HashMap, sync::Arc, sync::Mutex, time::Duration, time::Instant};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::nonces::random_key;
use crate::{Refusal, database::lock};

/// So many hashes are made at once: each takes 19 MiB and a processor.
const AT_ONCE: usize = 2;

/// Whoever has waited so long for one may as well come again.
const PATIENCE: Duration = Duration::from_secs(15);

/// A token that was verified so long ago is not verified again.
const REMEMBERED: Duration = Duration::from_secs(60);
const MAX_REMEMBERED: usize = 10_000;

/// A password that is none, for taking as long where there is no such account.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$vK0b4YrUuYvYQ8pNfYq0b4YrUuYvYQ8pNfYq0b4YrUs";

/// How secrets are hashed and verified.
pub(crate) struct Secrets {
    turns: Arc<Semaphore>,
    key: [u8; 32],
    remembered: Mutex<HashMap<blake3::Hash, Instant>>,
}

impl Secrets {
    pub(crate) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), key: random_key(), remembered: Mutex::default() }
    }

    /// The hash of a password.
    pub(super) async fn hash(&self, password: String) -> Result<String, Refusal> {
        self.turn(move || hash_now(&password)).await
    }

    /// The hash of a token's secret. That has 244 random bits, which nobody guesses however quick a guess is: the least of memory and time does.
    pub(super) async fn hash_token(&self, secret: String) -> Result<String, Refusal> {
        self.turn(move || {
            let params = Params::new(1024, 1, 1, None).map_err(Refusal::internal)?;
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            Ok(argon2.hash_password(secret.as_bytes()).map_err(Refusal::internal)?.to_string())
        })
        .await
    }

    /// Whether a secret is the one of a hash. Without a hash it is not, after as long.
    pub(super) async fn verify(&self, secret: String, hash: Option<String>) -> Result<bool, Refusal> {
        self.turn(move || {
            let is_somebody = hash.is_some();
            let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
            let hash = PasswordHash::new(&hash).map_err(Refusal::internal)?;
            Ok(Argon2::default().verify_password(secret.as_bytes(), &hash).is_ok() && is_somebody)
        })
        .await
    }

    /// Whether this token, with this hash, was verified a moment ago. The hash is part of what is remembered, as a database that was brought back
    /// may have another one.
    pub(super) fn is_remembered(&self, token: &str, hash: &str) -> bool {
        let remembered = lock(&self.remembered);
        remembered.get(&self.mark(token, hash)).is_some_and(|since| since.elapsed() < REMEMBERED)
    }

    pub(super) fn remember(&self, token: &str, hash: &str) {
        let mut remembered = lock(&self.remembered);
        if remembered.len() >= MAX_REMEMBERED {
            remembered.retain(|_, since| since.elapsed() < REMEMBERED);
            if remembered.len() >= MAX_REMEMBERED {
                remembered.clear();
            }
        }
        remembered.insert(self.mark(token, hash), Instant::now());
    }

    fn mark(&self, token: &str, hash: &str) -> blake3::Hash {
        blake3::keyed_hash(&self.key, format!("{token} {hash}").as_bytes())
    }

    async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let permit = turn
            .map_err(|_| Refusal::unavailable("busy", "too many are signing in: try again"))?
            .map_err(Refusal::internal)?;
        let work = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        work.await.map_err(Refusal::internal)?
    }
}

/// The hash of a password, on this thread: for who runs the registry.
pub(crate) fn hash_now(password: &str) -> Result<String, Refusal> {
    Ok(Argon2::default().hash_password(password.as_bytes()).map_err(Refusal::internal)?.to_string())
}

/// Refuses a password that is too short or too long.
pub(crate) fn check_password(password: &str) -> Result<(), Refusal> {
    if (12..=256).contains(&password.len()) {
        return Ok(());
    }
    Err(Refusal::usage("a password has 12 to 256 bytes").help("take a few words that do not belong together"))
}

/// A new secret.
pub(super) fn random_secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}
