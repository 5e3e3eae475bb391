//! Hashing: shifts and additions of words in registers. It knows two functions, one in portable code and one for which processors
//! have instructions.

use sha2::Digest as _;

use crate::Kernel;
use crate::random::Random;

/// Hashes so many bytes with SHA-1 (FIPS 180-4).
pub struct Sha1(Vec<u8>);

/// Hashes so many bytes with SHA-256 (FIPS 180-4).
pub struct Sha256(Vec<u8>);

impl Kernel for Sha1 {
    const NAME: &'static str = "sha1";
    const MOST: usize = 16 << 20;

    fn new(size: usize) -> Self {
        Self(Random::new(4).bytes(size))
    }

    fn run(&mut self) -> u64 {
        first(&sha1_smol::Sha1::from(&self.0).digest().bytes())
    }
}

impl Kernel for Sha256 {
    const NAME: &'static str = "sha256";
    const MOST: usize = 16 << 20;

    fn new(size: usize) -> Self {
        Self(Random::new(5).bytes(size))
    }

    fn run(&mut self) -> u64 {
        first(&sha2::Sha256::digest(&self.0))
    }
}

/// The first eight bytes, as people read them.
fn first(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digests_are_those_of_the_standards() {
        assert_eq!(Sha1(b"abc".to_vec()).run(), 0xa999_3e36_4706_816a);
        assert_eq!(Sha256(b"abc".to_vec()).run(), 0xba78_16bf_8f01_cfea);
    }
}
