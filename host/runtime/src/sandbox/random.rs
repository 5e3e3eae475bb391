//! Randomness: for a plugin without the right to it the same for every run and different for every plugin, which is not for
//! secrets; else real, and its use is told. It refuses to know what the numbers are for.

use std::convert::Infallible;
use std::sync::Arc;

use hal9_package::{Permission, PermissionKind};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _, TryRng};
use wasmtime_wasi::WasiCtxBuilder;

use crate::guard::Guard;

/// All three random interfaces draw from a generator that is seeded with the plugin's id. A plugin without
/// `SystemRandom` still needs numbers: the hash maps of most languages begin with one.
pub(super) fn seed(wasi: &mut WasiCtxBuilder, guard: &Arc<Guard>) {
    let seed = fnv1a(guard.plugin().as_ref().as_bytes());
    let drawn = |seed| Drawn { numbers: StdRng::seed_from_u64(seed), guard: guard.clone() };
    wasi.secure_random(drawn(seed))
        .insecure_random(drawn(seed ^ 1))
        .insecure_random_seed(u128::from(seed) << 64 | u128::from(!seed));
}

/// FNV-1a, which is the same on every machine and in every version of Rust. (`DefaultHasher` promises neither.)
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The numbers are real, and whoever records uses is told when some are drawn. (The seed of `wasi:random/insecure-seed` is
/// drawn by wasmtime for every instance, asked for or not, and is not told.) With a `seed` of the embedder's, every instance draws
/// the same ones.
pub(super) fn open(wasi: &mut WasiCtxBuilder, guard: &Arc<Guard>, seed: Option<u64>) {
    let drawn = |numbers| Drawn { numbers, guard: guard.clone() };
    let Some(seed) = seed else {
        let real = || drawn(StdRng::from_rng(&mut rand::rng()));
        wasi.secure_random(real()).insecure_random(real());
        return;
    };
    wasi.secure_random(drawn(StdRng::seed_from_u64(seed)))
        .insecure_random(drawn(StdRng::seed_from_u64(seed ^ 1)))
        .insecure_random_seed(u128::from(seed) << 64 | u128::from(!seed));
}

struct Drawn {
    numbers: StdRng,
    guard: Arc<Guard>,
}

impl Drawn {
    fn draw(&mut self) -> &mut StdRng {
        match self.guard.rights().contains(PermissionKind::SystemRandom) {
            true => self.guard.used(&Permission::unscoped(PermissionKind::SystemRandom)),
            false => self.guard.inert(PermissionKind::SystemRandom),
        }
        &mut self.numbers
    }
}

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.draw().next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.draw().next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.draw().fill_bytes(bytes);
        Ok(())
    }
}
