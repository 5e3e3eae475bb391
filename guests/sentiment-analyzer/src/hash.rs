// The hash that words are found by, in a file of its own because `build.rs` lays the table out with it too.

/// A word of at most as many bytes as there are here, with zeros behind it.
pub(crate) type Padded = [u8; 24];

/// Where the search for a word begins, in a table of 2^`bits` places. Three multiplications, whatever the word.
pub(crate) fn place(word: &Padded, bits: u32) -> usize {
    let mut hash = 0_u64;
    for part in word.as_chunks::<8>().0 {
        hash = (hash.rotate_left(23) ^ u64::from_le_bytes(*part)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    (hash >> (u64::BITS - bits)) as usize
}
