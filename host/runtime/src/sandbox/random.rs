//! Randomness that is the same for every run of a plugin, and different for every plugin. It is not for secrets.

use hal9_package::PluginId;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use wasmtime_wasi::WasiCtxBuilder;

/// All three random interfaces draw from a generator that is seeded with the plugin's id. A plugin without
/// `SystemRandom` still needs numbers: the hash maps of most languages begin with one.
pub(super) fn seed(wasi: &mut WasiCtxBuilder, plugin: &PluginId) {
    let seed = fnv1a(plugin.as_ref().as_bytes());
    wasi.secure_random(StdRng::seed_from_u64(seed))
        .insecure_random(StdRng::seed_from_u64(seed ^ 1))
        .insecure_random_seed(u128::from(seed) << 64 | u128::from(!seed));
}

/// FNV-1a, which is the same on every machine and in every version of Rust. (`DefaultHasher` promises neither.)
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
