//! The jobs as a core module whose ABI is written by hand: a request is bytes at a pointer that the host had from `allocate`, a
//! reply is a pointer and a length in one number, which the host frees. It refuses to know WASI, and calls nothing of the host.

// Pointers are as wide as the ABI says there and nowhere else.
#![cfg(target_family = "wasm")]
#![expect(unsafe_code, reason = "the ABI is pointers that the host vouches for")]

use std::cell::RefCell;

use peer_jobs::{Store, model, signal, tool, wire};

thread_local! {
    static STORE: RefCell<Store> = RefCell::default();
}

/// Room for a request of `length` bytes. The function that gets it frees it.
#[unsafe(no_mangle)]
pub extern "C" fn allocate(length: usize) -> *mut u8 {
    Box::leak(vec![0; length].into_boxed_slice()).as_mut_ptr()
}

/// Frees a reply.
///
/// # Safety
///
/// Pointer and length are one of this module's, and not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn release(pointer: *mut u8, length: usize) {
    // SAFETY: as the caller says.
    drop(unsafe { request(pointer, length) });
}

/// Answers a signal; no bytes for one that cannot be read.
///
/// # Safety
///
/// As for [`release`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn answer_signal(pointer: *mut u8, length: usize) -> u64 {
    // SAFETY: as the caller says.
    let request = unsafe { request(pointer, length) };
    let mut bytes = Vec::new();
    if let Some(signal) = wire::signal(&request) {
        bytes.reserve(request.len() + 32);
        wire::put_signal(&mut bytes, &signal::answer(signal));
    }
    reply(bytes)
}

/// Runs the tool; no bytes for parameters that it does not take.
///
/// # Safety
///
/// As for [`release`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn call_tool(pointer: *mut u8, length: usize) -> u64 {
    // SAFETY: as the caller says.
    let request = unsafe { request(pointer, length) };
    let result = std::str::from_utf8(&request).ok().and_then(|params| tool::call(params).ok());
    reply(result.unwrap_or_default().into_bytes())
}

/// Keeps a value under a key; whether it could read them.
///
/// # Safety
///
/// As for [`release`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn put_value(pointer: *mut u8, length: usize) -> u32 {
    // SAFETY: as the caller says.
    let request = unsafe { request(pointer, length) };
    let Some((key, value)) = wire::pair(&request) else { return 0 };
    STORE.with_borrow_mut(|store| store.put(key.to_owned(), value.to_vec()));
    1
}

/// The value of a key.
///
/// # Safety
///
/// As for [`release`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn get_value(pointer: *mut u8, length: usize) -> u64 {
    // SAFETY: as the caller says.
    let key = unsafe { request(pointer, length) };
    let key = std::str::from_utf8(&key).unwrap_or_default();
    STORE.with_borrow(|store| reply(wire::maybe(store.get(key))))
}

/// Weighs one vector.
///
/// # Safety
///
/// As for [`release`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn predict(pointer: *mut u8, length: usize) -> f32 {
    // SAFETY: as the caller says.
    let request = unsafe { request(pointer, length) };
    model::predict(&wire::floats(&request))
}

/// Weighs many.
///
/// # Safety
///
/// As for [`release`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn predict_all(pointer: *mut u8, length: usize) -> u64 {
    // SAFETY: as the caller says.
    let request = unsafe { request(pointer, length) };
    let mut bytes = Vec::with_capacity(request.len() / model::WIDTH);
    wire::put_floats(&mut bytes, &model::predict_all(&wire::floats(&request)));
    reply(bytes)
}

/// Takes over what was allocated.
///
/// # Safety
///
/// As for [`release`].
unsafe fn request(pointer: *mut u8, length: usize) -> Box<[u8]> {
    // SAFETY: it was leaked as a box of so many bytes.
    unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(pointer, length)) }
}

/// Bytes that the host frees: the pointer is the high half.
fn reply(bytes: Vec<u8>) -> u64 {
    let bytes = Box::leak(bytes.into_boxed_slice());
    (bytes.as_mut_ptr() as u64) << 32 | bytes.len() as u64
}
