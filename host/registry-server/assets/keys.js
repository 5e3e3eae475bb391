// Owns the keys of this browser, one for each registry and account: made here, kept in IndexedDB, and of a kind that no script can take out.
const STORE = "keys";

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function store(mode) {
  const opening = indexedDB.open("hal9", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  return (await done(opening)).transaction(STORE, mode).objectStore(STORE);
}

/** Whether this browser can make such keys here: it must know Ed25519, and the page must have come by TLS or from this machine. */
export async function able() {
  if (!globalThis.crypto?.subtle || !globalThis.indexedDB) return false;
  try {
    await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    return true;
  } catch {
    return false;
  }
}

/** The key of an account at a registry, if this browser has one. */
export const kept = async (registry, account) => done((await store("readonly")).get(`${registry}/${account}`));

/** A new key of an account at a registry. */
export async function make(registry, account) {
  const { privateKey, publicKey } = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const publicBytes = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  const pair = { id: crypto.getRandomValues(new Uint8Array(8)), publicBytes, privateKey };
  await done((await store("readwrite")).put(pair, `${registry}/${account}`));
  return pair;
}
