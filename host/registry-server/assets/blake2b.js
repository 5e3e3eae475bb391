// Owns BLAKE2b (RFC 7693) with 64 bytes and without a key: what minisign hashes before it signs. Numbers of 64 bits are `BigInt`s, as a review is short.
const IV = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];
const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
const BLOCK = 128;
const wide = (number) => BigInt.asUintN(64, number);
const turned = (number, by) => wide((number >> by) | (number << (64n - by)));

function mix(v, a, b, c, d, x, y) {
  v[a] = wide(v[a] + v[b] + x);
  v[d] = turned(v[d] ^ v[a], 32n);
  v[c] = wide(v[c] + v[d]);
  v[b] = turned(v[b] ^ v[c], 24n);
  v[a] = wide(v[a] + v[b] + y);
  v[d] = turned(v[d] ^ v[a], 16n);
  v[c] = wide(v[c] + v[d]);
  v[b] = turned(v[b] ^ v[c], 63n);
}

function compress(h, block, length, last) {
  const view = new DataView(block.buffer, block.byteOffset, BLOCK);
  const m = Array.from({ length: 16 }, (_, at) => view.getBigUint64(at * 8, true));
  const v = [...h, ...IV];
  v[12] ^= BigInt(length);
  if (last) v[14] = wide(~v[14]);
  for (let round = 0; round < 12; round++) {
    const s = SIGMA[round % 10];
    mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
    mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
    mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
    mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
    mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
    mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
    mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
    mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
  }
  for (let at = 0; at < 8; at++) h[at] ^= v[at] ^ v[at + 8];
}

/** The 64 bytes of the hash of some bytes. */
export function blake2b(bytes) {
  const h = [...IV];
  h[0] ^= 0x01010000n ^ 64n;
  let at = 0;
  for (; bytes.length - at > BLOCK; at += BLOCK) compress(h, bytes.slice(at, at + BLOCK), at + BLOCK, false);
  const last = new Uint8Array(BLOCK);
  last.set(bytes.subarray(at));
  compress(h, last, bytes.length, true);
  const out = new DataView(new ArrayBuffer(64));
  h.forEach((word, place) => out.setBigUint64(place * 8, word, true));
  return new Uint8Array(out.buffer);
}
