//! Owns which machine code may run: what was compiled for this host, and what carries a seal that only this host's key
//! makes. It refuses to know files.

use wasmtime::Engine;
use wasmtime::component::Component as Compiled;

use crate::engine::Fingerprint;

/// The first bytes of a sealed entry, the format's version among them.
const MAGIC: [u8; 8] = *b"HAL9\0cc1";

/// Magic, name, length of the code, seal.
const HEADER: usize = 8 + 32 + 8 + 32;

/// Where the seal begins: it is over what stands before it and what comes after the header.
const SEAL: usize = HEADER - 32;

/// The name of an entry: a keyed hash over the component and all that decides its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name([u8; 32]);

impl Name {
    /// As a file's name.
    pub(super) fn hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }
}

/// What names and seals entries. Whoever has it can have the host run any code.
pub(super) struct Secret {
    names: [u8; 32],
    seals: [u8; 32],
}

impl Secret {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self {
            names: blake3::derive_key("HAL9 cache of compiled code, version 1: names of entries", key),
            seals: blake3::derive_key("HAL9 cache of compiled code, version 1: seals of entries", key),
        }
    }

    /// The name of the code that an engine makes of a component.
    pub(super) fn name(&self, fingerprint: &Fingerprint, component: &[u8]) -> Name {
        Name(*blake3::Hasher::new_keyed(&self.names).update(fingerprint).update(component).finalize().as_bytes())
    }

    /// The header to put before code that this host compiled.
    pub(super) fn seal(&self, name: &Name, code: &[u8]) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(&MAGIC);
        header[8..40].copy_from_slice(&name.0);
        header[40..SEAL].copy_from_slice(&(code.len() as u64).to_le_bytes());
        let seal = self.over(&header[..SEAL], code);
        header[SEAL..].copy_from_slice(seal.as_bytes());
        header
    }

    /// The code in an entry, if it is whole, of this name, and sealed with this key.
    pub(super) fn open(&self, name: &Name, entry: Vec<u8>) -> Result<Artifact, &'static str> {
        let Some((header, code)) = entry.split_at_checked(HEADER) else { return Err("it is cut short") };
        if header[..8] != MAGIC {
            return Err("it is of another format");
        }
        if header[8..40] != name.0 {
            return Err("it is the entry of another component");
        }
        if header[40..SEAL] != (code.len() as u64).to_le_bytes() {
            return Err("it is not of its length");
        }
        // This comparison takes the same time whatever differs.
        if self.over(&header[..SEAL], code) != <[u8; 32]>::try_from(&header[SEAL..]).unwrap_or_default() {
            return Err("it was changed, or sealed with another key");
        }
        Ok(Artifact { bytes: entry, skip: HEADER })
    }

    fn over(&self, head: &[u8], code: &[u8]) -> blake3::Hash {
        blake3::Hasher::new_keyed(&self.seals).update(head).update(code).finalize()
    }
}

/// Machine code that may run: there is one only of what was compiled for this host or of an entry with a seal that holds.
pub(crate) struct Artifact {
    bytes: Vec<u8>,
    skip: usize,
}

impl std::fmt::Debug for Artifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Artifact").field("bytes", &self.bytes().len()).finish()
    }
}

impl Artifact {
    /// What wasmtime made in this process, or the host's own child wrote, from `skip` on.
    pub(crate) fn compiled(bytes: Vec<u8>, skip: usize) -> Self {
        Self { bytes, skip }
    }

    /// The code of a component that is ready to run, for another engine of the same settings.
    pub(crate) fn of(component: &Compiled) -> wasmtime::Result<Self> {
        Ok(Self { bytes: component.serialize()?, skip: 0 })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.skip..]
    }

    /// Makes the code ready to run. wasmtime checks its version and settings, and nothing else.
    pub(crate) fn deserialize(&self, engine: &Engine) -> wasmtime::Result<Compiled> {
        #[expect(
            unsafe_code,
            reason = "wasmtime cannot tell its own machine code from another's, so it leaves that to us"
        )]
        // SAFETY: the bytes must be what wasmtime serialised. An `Artifact` is made in three places. `of` takes
        // what wasmtime has made ready already. `compiled` takes what
        // the child wrote that this host started, as `Engine::precompile_component` gave it. `open` takes bytes whose
        // seal holds, and seals are made with a key that only this user can read, of code that was compiled for this
        // host. The bytes are our own copy: nobody can change them between that check and here, as wasmtime copies them.
        unsafe {
            Compiled::deserialize(engine, self.bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &[u8] = b"some code, which nobody runs here";

    fn entry(secret: &Secret, name: &Name) -> Vec<u8> {
        [&secret.seal(name, CODE)[..], CODE].concat()
    }

    #[test]
    fn an_entry_opens_as_it_was_sealed() {
        let secret = Secret::new(&[1; 32]);
        let name = secret.name(&[2; 32], b"a component");
        assert_eq!(secret.open(&name, entry(&secret, &name)).unwrap().bytes(), CODE);
    }

    #[test]
    fn no_byte_can_be_changed_taken_or_added() {
        // The guard: the seal, which is over every byte of the entry.
        let secret = Secret::new(&[1; 32]);
        let name = secret.name(&[2; 32], b"a component");
        let whole = entry(&secret, &name);
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(secret.open(&name, changed).is_err(), "byte {at} was changed");
            assert!(secret.open(&name, whole[..at].to_vec()).is_err(), "cut at {at}");
        }
        assert!(secret.open(&name, [&whole[..], b"\0"].concat()).is_err());
    }

    #[test]
    fn another_key_another_component_and_another_engine_are_other_entries() {
        let (secret, other) = (Secret::new(&[1; 32]), Secret::new(&[3; 32]));
        let name = secret.name(&[2; 32], b"a component");
        for another in [
            secret.name(&[2; 32], b"another"),
            secret.name(&[4; 32], b"a component"),
            other.name(&[2; 32], b"a component"),
        ] {
            assert_ne!(name, another);
            assert!(secret.open(&name, entry(&secret, &another)).is_err());
        }
        assert!(secret.open(&name, entry(&other, &name)).is_err(), "a seal of another key");
    }
}
