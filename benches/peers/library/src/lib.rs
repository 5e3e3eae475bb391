//! The jobs behind a C ABI, as a library that is loaded at run time has them: views of the caller's memory in, memory of its own
//! out until it is released. It refuses to know Rust's types at the boundary, and nothing bounds what it does.
#![expect(unsafe_code, reason = "a C ABI is pointers that the other side vouches for")]

use std::ptr;

use peer_jobs::{Signal, Store, model, signal, tool};

/// Bytes that somebody else owns; none, where the pointer is null.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct View {
    /// The first.
    pub pointer: *const u8,
    /// How many.
    pub length: usize,
}

/// A metadata entry.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EntryView {
    /// The name, UTF-8.
    pub name: View,
    /// The value, UTF-8.
    pub value: View,
}

/// A signal that somebody else owns.
#[repr(C)]
pub struct SignalView {
    /// The high and the low half of its id.
    pub id: [u64; 2],
    /// Milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// The text, UTF-8.
    pub content: View,
    /// What sort of signal it is, UTF-8.
    pub signal_type: View,
    /// The first of its metadata entries.
    pub metadata: *const EntryView,
    /// How many there are.
    pub entries: usize,
}

/// A reply, which its view points into. It lives until it is released.
#[repr(C)]
pub struct Reply {
    /// The view.
    pub view: SignalView,
    signal: Signal,
    entries: Vec<EntryView>,
}

impl View {
    /// A view of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { pointer: bytes.as_ptr(), length: bytes.len() }
    }

    /// No bytes, not even an empty view.
    pub fn none() -> Self {
        Self { pointer: ptr::null(), length: 0 }
    }

    /// The bytes.
    ///
    /// # Safety
    ///
    /// The owner keeps them as they are for `'a`, unless the pointer is null.
    pub unsafe fn bytes<'a>(self) -> Option<&'a [u8]> {
        // SAFETY: as the caller says; a length comes with its pointer.
        (!self.pointer.is_null()).then(|| unsafe { std::slice::from_raw_parts(self.pointer, self.length) })
    }

    /// The bytes as text, empty where they are none.
    ///
    /// # Safety
    ///
    /// As [`bytes`](Self::bytes).
    pub unsafe fn text<'a>(self) -> &'a str {
        // SAFETY: as the caller says.
        let bytes = unsafe { self.bytes() };
        std::str::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
    }
}

impl SignalView {
    /// A view of a signal, with `entries` as a place for the views of its metadata.
    pub fn of(signal: &Signal, entries: &mut Vec<EntryView>) -> Self {
        entries.clear();
        let view = |text: &str| View::of(text.as_bytes());
        entries.extend(signal.metadata.iter().map(|(name, value)| EntryView { name: view(name), value: view(value) }));
        Self {
            id: [signal.id.0, signal.id.1],
            timestamp: signal.timestamp,
            content: view(&signal.content),
            signal_type: view(&signal.signal_type),
            metadata: entries.as_ptr(),
            entries: entries.len(),
        }
    }

    /// A signal of one's own that says the same.
    ///
    /// # Safety
    ///
    /// The owner keeps everything in the view as it is meanwhile.
    pub unsafe fn to_signal(&self) -> Signal {
        // SAFETY: as the caller says.
        unsafe {
            let entries = match self.entries {
                0 => &[],
                entries => std::slice::from_raw_parts(self.metadata, entries),
            };
            Signal {
                id: (self.id[0], self.id[1]),
                content: self.content.text().to_owned(),
                signal_type: self.signal_type.text().to_owned(),
                metadata: entries.iter().map(|one| (one.name.text().to_owned(), one.value.text().to_owned())).collect(),
                timestamp: self.timestamp,
            }
        }
    }
}

/// A new, empty store.
#[unsafe(no_mangle)]
pub extern "C" fn peer_open() -> *mut Store {
    Box::into_raw(Box::default())
}

/// Ends a store.
///
/// # Safety
///
/// It is one of [`peer_open`], and not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn peer_close(store: *mut Store) {
    // SAFETY: it was boxed when it was opened.
    drop(unsafe { Box::from_raw(store) });
}

/// Answers a signal. The reply is for [`peer_release_signal`].
///
/// # Safety
///
/// The view is as [`SignalView::to_signal`] wants it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn peer_signal(signal: &SignalView) -> *mut Reply {
    // SAFETY: the caller keeps it during the call.
    let signal = signal::answer(unsafe { signal.to_signal() });
    let mut entries = Vec::with_capacity(signal.metadata.len());
    // Texts and entries stay where they are when their owners are moved into the box.
    let view = SignalView::of(&signal, &mut entries);
    Box::into_raw(Box::new(Reply { view, signal, entries }))
}

/// Frees a reply.
///
/// # Safety
///
/// It is one of [`peer_signal`], and not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn peer_release_signal(reply: *mut Reply) {
    // SAFETY: it was boxed when it was made.
    let Reply { signal, entries, .. } = *unsafe { Box::from_raw(reply) };
    drop((signal, entries));
}

/// Runs the tool; none for parameters that it does not take. The result is for [`peer_release_text`].
///
/// # Safety
///
/// The caller keeps the parameters during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn peer_tool(params: View) -> View {
    // SAFETY: as the caller says.
    let Ok(result) = tool::call(unsafe { params.text() }) else { return View::none() };
    let result = Box::leak(result.into_boxed_str());
    View::of(result.as_bytes())
}

/// Frees a result.
///
/// # Safety
///
/// It is one of [`peer_tool`], and not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn peer_release_text(text: View) {
    if !text.pointer.is_null() {
        let bytes = ptr::slice_from_raw_parts_mut(text.pointer.cast_mut(), text.length);
        // SAFETY: it was leaked as a box of so many bytes.
        drop(unsafe { Box::from_raw(bytes) });
    }
}

/// Keeps a value under a key.
///
/// # Safety
///
/// The store is open and nobody else's meanwhile; the caller keeps key and value during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn peer_put(store: &mut Store, key: View, value: View) {
    // SAFETY: as the caller says.
    let (key, value) = unsafe { (key.text(), value.bytes()) };
    store.put(key.to_owned(), value.unwrap_or_default().to_vec());
}

/// The value of a key, or none; it is as it is until the store is next changed.
///
/// # Safety
///
/// The store is open; the caller keeps the key during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn peer_get(store: &Store, key: View) -> View {
    // SAFETY: as the caller says.
    let key = unsafe { key.text() };
    store.get(key).map_or_else(View::none, View::of)
}

/// Weighs vectors, one after the other from `vectors` on, into `numbers`.
///
/// # Safety
///
/// There are `count` times [`model::WIDTH`] numbers at `vectors`, and room for `count` at `numbers`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn peer_predict(vectors: *const f32, count: usize, numbers: *mut f32) {
    // SAFETY: as the caller says.
    let (vectors, numbers) = unsafe {
        (std::slice::from_raw_parts(vectors, count * model::WIDTH), std::slice::from_raw_parts_mut(numbers, count))
    };
    for (number, vector) in numbers.iter_mut().zip(vectors.chunks_exact(model::WIDTH)) {
        *number = model::predict(vector);
    }
}
