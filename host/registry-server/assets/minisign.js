// Owns minisign's formats: a public key and a signature of the kind that hashes first. It refuses to know what is signed, or where keys are kept.
import { blake2b } from "./blake2b.js";

const bytes = (text) => new TextEncoder().encode(text);
const joined = (...parts) => new Uint8Array(parts.flatMap((part) => [...part]));
const base64 = (some) => btoa(String.fromCharCode(...some));
const number = (id) => [...id].reverse().map((byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();

/** The line of a public key: `pair` has its number `id` (8 bytes) and `publicBytes` (32 bytes). */
export const publicLine = (pair) => base64(joined(bytes("Ed"), pair.id, pair.publicBytes));

/** The number of a key as `minisign` prints it. */
export const keyNumber = (pair) => number(pair.id);

/** The text of a `.minisig` file over a text: what is signed is its hash, and then the signature with the comment. */
export async function sign(pair, text, comment) {
  const made = async (some) => new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, some));
  const signature = await made(blake2b(bytes(text)));
  const whole = await made(joined(signature, bytes(comment)));
  return [
    `untrusted comment: signature of key ${number(pair.id)}`,
    base64(joined(bytes("ED"), pair.id, signature)),
    `trusted comment: ${comment}`,
    base64(whole),
    "",
  ].join("\n");
}
