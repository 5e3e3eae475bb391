//! A library that is loaded at run time, behind a C ABI. It refuses to know what is in it but the names of its functions.
#![expect(unsafe_code, reason = "code that is loaded is whatever it is: nothing can vouch for it")]

use std::path::Path;

use libloading::{Library as Loaded, Symbol};
use peer_jobs::{Signal, Store, model};
use peer_library::{EntryView, Reply, SignalView, View};

use crate::peer::Peer;

/// The library's functions, and the store that it made.
pub(crate) struct Library {
    store: *mut Store,
    entries: Vec<EntryView>,
    signal: unsafe extern "C" fn(&SignalView) -> *mut Reply,
    release_signal: unsafe extern "C" fn(*mut Reply),
    tool: unsafe extern "C" fn(View) -> View,
    release_text: unsafe extern "C" fn(View),
    put: unsafe extern "C" fn(*mut Store, View, View),
    get: unsafe extern "C" fn(*const Store, View) -> View,
    predict: unsafe extern "C" fn(*const f32, usize, *mut f32),
    close: unsafe extern "C" fn(*mut Store),
    /// Last, as the functions are in it.
    _loaded: Loaded,
}

impl Library {
    pub(crate) fn open(file: &Path) -> Self {
        // SAFETY: this program built it of `library`, whose functions have these types, and which does nothing when it is
        // loaded.
        unsafe {
            let loaded = Loaded::new(file).unwrap();
            let open: Symbol<'_, unsafe extern "C" fn() -> *mut Store> = loaded.get("peer_open").unwrap();
            Self {
                store: open(),
                entries: Vec::new(),
                signal: *loaded.get("peer_signal").unwrap(),
                release_signal: *loaded.get("peer_release_signal").unwrap(),
                tool: *loaded.get("peer_tool").unwrap(),
                release_text: *loaded.get("peer_release_text").unwrap(),
                put: *loaded.get("peer_put").unwrap(),
                get: *loaded.get("peer_get").unwrap(),
                predict: *loaded.get("peer_predict").unwrap(),
                close: *loaded.get("peer_close").unwrap(),
                _loaded: loaded,
            }
        }
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: nobody has used it since it was opened but this value, which ends.
        unsafe { (self.close)(self.store) }
    }
}

impl Peer for Library {
    const NAME: &str = "libloading";
    const BOUNDS: &str = "nothing: a crash or a wild pointer is the host's own";

    async fn signal(&mut self, signal: &mut Signal) -> Signal {
        // SAFETY: the signal stays as it is during the call, and the reply until it is released.
        unsafe {
            let reply = (self.signal)(&SignalView::of(signal, &mut self.entries));
            let signal = (*reply).view.to_signal();
            (self.release_signal)(reply);
            signal
        }
    }

    async fn tool(&mut self, params: &str) -> String {
        // SAFETY: the parameters stay as they are during the call, and the result until it is released.
        unsafe {
            let result = (self.tool)(View::of(params.as_bytes()));
            let text = result.text().to_owned();
            (self.release_text)(result);
            text
        }
    }

    async fn put(&mut self, key: &str, value: &[u8]) {
        // SAFETY: key and value stay as they are during the call; the store is open.
        unsafe { (self.put)(self.store, View::of(key.as_bytes()), View::of(value)) }
    }

    async fn get(&mut self, key: &str) -> Option<Vec<u8>> {
        // SAFETY: the store is open, and not changed before the value is copied.
        unsafe { (self.get)(self.store, View::of(key.as_bytes())).bytes().map(<[u8]>::to_vec) }
    }

    async fn predict(&mut self, vector: &[f32; model::WIDTH]) -> f32 {
        let mut number = 0.0;
        // SAFETY: one vector, and room for one number.
        unsafe { (self.predict)(vector.as_ptr(), 1, &raw mut number) }
        number
    }

    async fn predict_all(&mut self, vectors: &[f32]) -> Vec<f32> {
        let mut numbers = vec![0.0; vectors.len() / model::WIDTH];
        // SAFETY: as many vectors as there is room for numbers.
        unsafe { (self.predict)(vectors.as_ptr(), numbers.len(), numbers.as_mut_ptr()) }
        numbers
    }
}
