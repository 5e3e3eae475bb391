//! Many entries and large ones: what a call costs, and what happens at the bounds.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::TestMemory;
use custom_memory::memory::Memory;
use custom_memory::provider::{MAX_NAMES, Provider};
use custom_memory::{MAX_HEADER, MAX_VALUE};
use hal9_plugin_sdk::{ErrorCode, HashMap};

fn open(memory: &TestMemory) -> Provider<TestMemory> {
    Provider::new(memory.clone(), true)
}

/// Some text of a few dozen words, rare ones and common ones, and one of its own.
fn text(number: usize) -> Vec<u8> {
    let mut random = number as u64 + 1;
    let words = (0..40).map(|_| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = (random >> 40) as f64 / (1 << 24) as f64;
        format!("term{} ", (3000.0 * share.powi(4)) as u32)
    });
    words.chain([format!("unique{number}")]).collect::<String>().into_bytes()
}

#[test]
fn five_thousand_entries_cost_what_they_are_worth_and_are_opened_in_a_few_reads() {
    const ENTRIES: usize = 5000;
    let memory = TestMemory::default();
    let mut provider = open(&memory);
    let mut stored = 0;
    for number in 0..ENTRIES {
        let text = text(number);
        provider.store(&format!("entry {number}"), &text, &HashMap::new()).unwrap();
        stored += text.len();
        if number == ENTRIES / 2 {
            memory.work();
            stored = 0;
        }
    }
    // The second half, which knows of as many entries as it adds, costs per entry a constant, but for merging.
    let (work, half) = (memory.work(), ENTRIES / 2);
    assert!(work.bytes < 12 * stored, "{} bytes for {stored} of text: {work:?}", work.bytes);
    assert!(work.sets < half + half / 20 && work.lists == half - 1 && work.gets < half / 10, "{work:?}");

    // Entries that are replaced again and again, or removed, leave nothing behind.
    let index_size = |memory: &TestMemory| -> usize {
        memory.names("s/").unwrap().iter().map(|name| memory.get(name).unwrap().unwrap().len()).sum()
    };
    let size = index_size(&memory);
    for number in 0..4000 {
        provider.store(&format!("entry {}", number % 500), &text(number), &HashMap::new()).unwrap();
    }
    provider.delete("entry 8").unwrap();
    assert!(index_size(&memory) < size + size / 10, "{size} bytes of index grew to {}", index_size(&memory));
    let segments = memory.names("s/").unwrap().len();
    assert!(segments < 40, "{segments} segments");
    assert_eq!(memory.len(), ENTRIES - 1 + segments);

    drop(provider);
    memory.work();
    let provider = open(&memory);
    let hits = provider.search("unique4321", 10).unwrap();
    let work = memory.work();
    assert_eq!(hits[0].key, "entry 4321");
    assert!(work.gets < 1000 && work.lists < 10, "the index was opened with {work:?}");
    assert_eq!(provider.entries().unwrap(), ENTRIES - 1);
    assert!(provider.search("unique8 ", 10).unwrap().is_empty());
    assert_eq!(provider.search("term1", usize::MAX).unwrap().len(), 100);

    let asked = memory.work();
    provider.search("term1 unique17", 10).unwrap();
    assert!(memory.work().gets == 10, "a search reads what it shows: {asked:?}");
}

#[test]
fn a_full_memory_refuses_what_is_new_and_takes_what_replaces_and_what_is_deleted() {
    let memory = TestMemory::default();
    memory.limit_names(60);
    let mut provider = open(&memory);
    let mut kept = 0;
    let error = loop {
        match provider.store(&format!("{kept}"), format!("word{kept}").as_bytes(), &HashMap::new()) {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((error.code, kept), (ErrorCode::LimitExceeded, 60));
    assert!(provider.retrieve("60").unwrap().is_none() && provider.search("word60 ", 9).unwrap().is_empty());
    let large = vec![b'x'; 3 << 20];
    memory.limit_names(62);
    assert_eq!(provider.store("large", &large, &HashMap::new()).unwrap_err().code, ErrorCode::LimitExceeded);
    assert_eq!(memory.len(), 60, "parts of what was refused are left");
    provider.store("5", b"other", &HashMap::new()).unwrap();
    assert_eq!(provider.search("other", 9).unwrap()[0].key, "5");
    assert!(provider.delete("6").unwrap());
    assert_eq!(memory.len(), 59);
    provider.store("new", b"word", &HashMap::new()).unwrap();
}

#[test]
fn the_hosts_default_limit_is_kept_at_a_distance_so_that_entries_can_be_replaced() {
    let memory = TestMemory::default();
    let mut provider = open(&memory);
    let mut kept = 0;
    let error = loop {
        match provider.store(&format!("{kept}"), b"same", &HashMap::new()) {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.code, ErrorCode::LimitExceeded);
    assert!(kept > MAX_NAMES - 50 && memory.len() <= MAX_NAMES, "{kept} entries, {} names", memory.len());
    let large = vec![0xff; MAX_VALUE];
    provider.store("7", &large, &HashMap::new()).unwrap();
    assert!(provider.retrieve("7").unwrap().unwrap().0 == large);
    assert!(provider.store("new", b"", &HashMap::new()).is_err());
    provider.store("7", b"small again", &HashMap::new()).unwrap();
    assert_eq!(provider.entries().unwrap(), kept);
}

#[test]
fn keys_and_values_of_any_kind_are_kept_and_what_is_too_large_is_refused() {
    let memory = TestMemory::default();
    let mut provider = open(&memory);
    let keys = ["a/b/../c", "\u{0}", "naïve 🦀 key", " ", "d/", &"k".repeat(10_000)];
    for (number, key) in keys.iter().enumerate() {
        provider.store(key, &[number as u8], &HashMap::new()).unwrap();
    }
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(provider.retrieve(key).unwrap().unwrap().0, [number as u8], "{key:?}");
    }
    for value in [vec![], vec![0xff; 1 << 20], vec![0; (1 << 20) + 1], vec![b'a'; MAX_VALUE]] {
        provider.store("value", &value, &HashMap::new()).unwrap();
        assert!(open(&memory).retrieve("value").unwrap().unwrap().0 == value, "{} bytes", value.len());
    }
    let refused = [
        provider.store("value", &vec![0; MAX_VALUE + 1], &HashMap::new()),
        provider.store(&"k".repeat(MAX_HEADER + 1), b"", &HashMap::new()),
        provider.store("many", (0..100_000).map(|i| format!("w{i} ")).collect::<String>().as_bytes(), &HashMap::new()),
    ];
    for refused in refused {
        assert_eq!(refused.unwrap_err().code, ErrorCode::LimitExceeded);
    }
    assert_eq!(provider.store("", b"", &HashMap::new()).unwrap_err().code, ErrorCode::InvalidInput);
    assert_eq!(provider.retrieve("value").unwrap().unwrap().0.len(), MAX_VALUE, "what was there was lost");
    assert_eq!(memory.len() - memory.names("s/").unwrap().len(), keys.len() + 1 + 8);
}

#[test]
fn large_values_with_few_words_are_not_read_again_at_the_next_start() {
    let memory = TestMemory::default();
    let mut provider = open(&memory);
    for number in 0..10 {
        provider.store(&format!("picture {number}"), &vec![0xff; 1 << 19], &HashMap::new()).unwrap();
    }
    drop(provider);
    memory.work();
    assert_eq!(open(&memory).entries().unwrap(), 10);
    let work = memory.work();
    assert!(work.bytes < 2 << 20, "{work:?}");
}

#[test]
fn an_index_without_segments_is_rebuilt_in_steps_that_each_come_nearer() {
    let memory = TestMemory::default();
    let mut provider = open(&memory);
    let body = "lorem ipsum dolor ".repeat(50_000);
    for number in 0..30 {
        provider.store(&format!("{number}"), format!("w{number} {body}").as_bytes(), &HashMap::new()).unwrap();
    }
    drop(provider);
    for name in memory.names("s/").unwrap() {
        memory.remove(&name);
    }
    let provider = open(&memory);
    let mut tries = 0;
    let hits = loop {
        match provider.search("w29", 5) {
            Ok(hits) => break hits,
            Err(error) => assert_eq!(error.code, ErrorCode::Unavailable, "{error}"),
        }
        tries += 1;
        assert!(tries < 10, "no end");
    };
    assert!(tries >= 2, "27 MB were read in {tries} steps");
    assert_eq!(hits[0].key, "29");
}
