//! What is found, in which order, and what is shown of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::TestMemory;
use custom_memory::provider::Provider;
use hal9_plugin_sdk::{HashMap, SearchResult};

/// A key, metadata, a text.
type Note = (&'static str, &'static [(&'static str, &'static str)], &'static str);

/// Notes as a person or an agent might keep them.
const NOTES: &[Note] = &[
    (
        "recipes/pancakes",
        &[("course", "breakfast")],
        "Whisk flour, milk, two eggs and a pinch of salt. Let the batter rest for half an hour, then fry thin pancakes in butter.",
    ),
    (
        "recipes/omelette",
        &[("course", "breakfast")],
        "Beat three eggs with a fork, season, and cook them slowly in foaming butter. Fold the omelette while the middle is still soft.",
    ),
    (
        "recipes/tomato-soup",
        &[("course", "dinner")],
        "Roast tomatoes and garlic, simmer them in stock, blend the soup and finish it with cream and basil.",
    ),
    (
        "recipes/bread",
        &[("course", "any")],
        "Mix flour, water, salt and yeast. Knead the dough, let it rise overnight in the fridge and bake it in a hot oven.",
    ),
    (
        "garden/tomatoes",
        &[("season", "summer")],
        "Tomatoes want sun, steady water and a stake. Pinch out side shoots every week. Water the roots, never the leaves, or blight will follow.",
    ),
    (
        "garden/roses",
        &[("season", "winter")],
        "Prune roses in late winter, just above a bud that faces outwards. Feed them with compost in spring.",
    ),
    (
        "garden/compost",
        &[("season", "any")],
        "Layer green kitchen scraps with brown leaves and turn the heap every month. Egg shells rot slowly; meat attracts rats.",
    ),
    (
        "work/standup",
        &[("author", "Priya"), ("project", "billing")],
        "Invoices for customers in Switzerland showed the wrong tax rate. Priya fixed the rounding and added tests. The release goes out on Thursday.",
    ),
    (
        "work/outage",
        &[("author", "Tomás"), ("project", "billing")],
        "The payment service went down for forty minutes because the database ran out of connections. We raised the pool size and added an alert on waiting connections.",
    ),
    (
        "work/migration",
        &[("author", "Priya"), ("project", "search")],
        "We are moving the search cluster to new machines. Reindexing takes nine hours, so writes go to both clusters until the copy has caught up.",
    ),
    (
        "work/interview",
        &[("author", "Wei"), ("project", "hiring")],
        "The candidate explained consistent hashing well and struggled with the question about database transactions. Invite her for a second interview.",
    ),
    (
        "rust/lifetimes",
        &[("tag", "programming")],
        "A lifetime names how long a reference is valid. The borrow checker rejects a program in which a reference outlives the value that it borrows.",
    ),
    (
        "rust/async",
        &[("tag", "programming")],
        "A future does nothing until it is polled. An executor polls it, and the waker tells the executor when polling again is worth it.",
    ),
    (
        "rust/errors",
        &[("tag", "programming")],
        "Return a Result from functions that can fail and use the question mark operator to pass errors on. Panic only on bugs.",
    ),
    (
        "databases/indexes",
        &[("tag", "programming")],
        "A B-tree index turns a table scan into a few page reads. Every index slows writes down, because each insert has to update it.",
    ),
    (
        "databases/transactions",
        &[("tag", "programming")],
        "A transaction is atomic, consistent, isolated and durable. Under snapshot isolation two transactions can each read what the other changes; this is write skew.",
    ),
    (
        "health/running",
        &[("sport", "running")],
        "Ran ten kilometres along the river in fifty-two minutes. My left knee hurt after the seventh; shorter runs next week.",
    ),
    (
        "health/sleep",
        &[],
        "Slept badly after coffee at five. No screens after ten, cooler bedroom, same hour every morning.",
    ),
    (
        "health/knee",
        &[("doctor", "Dr. Okafor")],
        "The physiotherapist says that the knee is fine and the hips are weak. Exercises: bridges, side steps with a band, single leg squats.",
    ),
    (
        "travel/lisbon",
        &[("country", "Portugal")],
        "The number 28 tram is lovely and full of pickpockets. Pastéis de nata in Belém, fado in Alfama, and comfortable shoes for the hills.",
    ),
    (
        "travel/kyoto",
        &[("country", "Japan")],
        "Fushimi Inari before breakfast, when the gates are empty. 金閣寺 is crowded at any hour. The rail pass pays off from the second long trip.",
    ),
    (
        "travel/zurich",
        &[("country", "Switzerland")],
        "Take the boat from Zürich to Rapperswil. Museums are free on Wednesdays. Everything else is expensive.",
    ),
    (
        "music/practice",
        &[("instrument", "cello")],
        "Scales with a metronome at sixty, then the slow movement of the Dvořák concerto. Bow hand too tense in loud passages.",
    ),
    (
        "music/theory",
        &[],
        "A dominant seventh chord wants to resolve to the tonic. A deceptive cadence goes to the sixth degree instead.",
    ),
    (
        "house/boiler",
        &[("supplier", "Warmstone Heating")],
        "The boiler loses pressure: top it up to 1.5 bar, and call Warmstone if it falls again within a week. Serial number WH-2231-B.",
    ),
    (
        "house/insurance",
        &[("due", "2026-03-01")],
        "The policy covers water damage from burst pipes but no flood. Take photographs of the cellar before renewal.",
    ),
    (
        "ideas/birdfeeder",
        &[],
        "A bird feeder with a camera that recognises species and keeps a diary. A small network runs on the device; pictures stay at home.",
    ),
    (
        "books/moby-dick",
        &[("author", "Herman Melville")],
        "Ishmael signs on to the whaler Pequod, whose captain Ahab hunts the white whale that took his leg.",
    ),
    (
        "books/middlemarch",
        &[("author", "George Eliot")],
        "Dorothea marries a dry scholar and comes to regret it; the doctor Lydgate marries badly as well. A study of provincial life.",
    ),
    ("quotes/knuth", &[("author", "Donald Knuth")], "Premature optimization is the root of all evil."),
];

fn notes() -> Provider<TestMemory> {
    let mut provider = Provider::new(TestMemory::default(), true);
    for (key, facts, text) in NOTES {
        let facts = facts.iter().map(|(name, fact)| (name.to_string(), fact.to_string())).collect();
        provider.store(key, text.as_bytes(), &facts).unwrap();
    }
    provider
}

fn top(provider: &Provider<TestMemory>, query: &str, limit: usize) -> Vec<String> {
    provider.search(query, limit).unwrap().into_iter().map(|hit| hit.key).collect()
}

fn text(provider: &mut Provider<TestMemory>, key: &str, text: &str) {
    provider.store(key, text.as_bytes(), &HashMap::new()).unwrap();
}

#[test]
fn the_note_that_is_meant_comes_first() {
    let provider = notes();
    for (query, expect) in [
        ("how long to rest pancake batter", "recipes/pancakes"),
        ("growing tomatoes", "garden/tomatoes"),
        ("soup with tomatoes", "recipes/tomato-soup"),
        ("cooking eggs in butter", "recipes/omelette"),
        ("when to prune roses", "garden/roses"),
        ("database connections exhausted", "work/outage"),
        ("database transactions", "databases/transactions"),
        ("candidate hashing", "work/interview"),
        ("wrong tax on swiss invoices", "work/standup"),
        ("reindex search cluster", "work/migration"),
        ("borrowed reference lifetime", "rust/lifetimes"),
        ("who polls a future", "rust/async"),
        ("handling errors in functions", "rust/errors"),
        ("knee exercises", "health/knee"),
        ("running by the river", "health/running"),
        ("trams in lisbon", "travel/lisbon"),
        ("free museums zurich", "travel/zurich"),
        ("dvorak cello", "music/practice"),
        ("boiler pressure", "house/boiler"),
        ("WH-2231-B", "house/boiler"),
        ("is flooding insured", "house/insurance"),
        ("melville", "books/moby-dick"),
        ("whales", "books/moby-dick"),
        ("notes by Priya about search", "work/migration"),
        ("recognise birds", "ideas/birdfeeder"),
        ("金閣寺", "travel/kyoto"),
        ("premature optimizations", "quotes/knuth"),
    ] {
        let found = top(&provider, query, 3);
        assert_eq!(found.first().map(String::as_str), Some(expect), "{query:?} finds {found:?}");
    }
}

#[test]
fn rare_words_count_more_than_common_ones_and_short_texts_more_than_long_ones() {
    let mut provider = Provider::new(TestMemory::default(), true);
    for number in 0..20 {
        text(&mut provider, &format!("common{number}"), "the garden and the house and the street");
    }
    text(&mut provider, "rare", "a zebra crossing somewhere between other words");
    assert_eq!(top(&provider, "the the the zebra", 1), ["rare"]);

    text(&mut provider, "short", "a walrus");
    text(&mut provider, "long", &format!("a walrus {}", "and many other words ".repeat(50)));
    text(&mut provider, "often", &format!("walrus walrus walrus {}", "and many other words ".repeat(5)));
    let hits = provider.search("walrus", 10).unwrap();
    let keys: Vec<&str> = hits.iter().map(|hit| hit.key.as_str()).collect();
    assert_eq!(keys, ["short", "often", "long"]);
    assert!(hits.windows(2).all(|pair| pair[0].score > pair[1].score) && hits[2].score > 0.0);
}

#[test]
fn keys_and_metadata_are_searched_as_well_as_texts() {
    let mut provider = Provider::new(TestMemory::default(), true);
    let facts = |name: &str, fact: &str| HashMap::from([(name.to_owned(), fact.to_owned())]);
    provider.store("plain", b"nothing of note", &facts("colour", "Vermilion")).unwrap();
    provider.store("picture", &[0xff, 0xd8, 0xff, 0xe0, 0x00], &facts("caption", "a vermilion sunset")).unwrap();
    provider.store("vermilion.txt", b"nothing of note either", &HashMap::new()).unwrap();
    let hits = provider.search("vermilion", 10).unwrap();
    assert_eq!(hits.len(), 3);
    assert_eq!(hits[0].key, "vermilion.txt", "a word in the key counts most");
    let shown = |key: &str| hits.iter().find(|hit| hit.key == key).unwrap();
    assert_eq!(shown("plain").snippet, "colour: Vermilion");
    assert_eq!(shown("picture").snippet, "caption: a vermilion sunset");
    assert_eq!(shown("vermilion.txt").snippet, "nothing of note either");
    assert_eq!(shown("picture").metadata, facts("caption", "a vermilion sunset"));
    assert_eq!(provider.retrieve("picture").unwrap().unwrap().0, [0xff, 0xd8, 0xff, 0xe0, 0x00]);
}

#[test]
fn the_last_word_may_be_half_typed() {
    let provider = notes();
    assert_eq!(top(&provider, "phys", 5), ["health/knee"]);
    assert_eq!(top(&provider, "consistent hash", 1), ["work/interview"]);
    assert!(top(&provider, "phys ", 5).is_empty(), "behind a space a word is whole");
    assert!(top(&provider, "phys knee", 5).contains(&"health/running".to_owned()), "only the last word is half typed");
    assert!(top(&provider, "z", 5).is_empty(), "one letter is too little");
    // A whole word counts more than a longer one that begins with it.
    let mut provider = Provider::new(TestMemory::default(), true);
    text(&mut provider, "whole", "an art gallery");
    text(&mut provider, "longer", "an artichoke dip");
    assert_eq!(top(&provider, "art", 5), ["whole", "longer"]);
}

#[test]
fn the_language_of_the_stems_can_be_switched_off() {
    let keys = |english: bool| {
        let mut provider = Provider::new(TestMemory::default(), english);
        text(&mut provider, "running", "running shoes");
        text(&mut provider, "runs", "he runs");
        top(&provider, "runs ", 5)
    };
    assert_eq!(keys(true), ["runs", "running"]);
    assert_eq!(keys(false), ["runs"]);
}

#[test]
fn snippets_show_the_part_that_fits() {
    let mut provider = notes();
    let shown = |provider: &Provider<TestMemory>, query: &str| provider.search(query, 1).unwrap().remove(0).snippet;
    let filler = "This sentence is here to fill the page. ".repeat(100);
    text(&mut provider, "page", &format!("{filler}The treasure is buried\nunder the old oak.{filler}"));
    let snippet = shown(&provider, "buried treasures");
    assert!(snippet.contains("The treasure is buried under the old oak."), "{snippet}");
    assert!(snippet.starts_with("… ") && snippet.ends_with(" …") && snippet.len() < 300, "{snippet}");
    assert!(shown(&provider, "pasteis de nata").contains("Pastéis de nata in Belém"));
}

#[test]
fn nothing_is_found_for_nothing() {
    let provider = notes();
    for query in ["", "   ", "…!?", "\u{0}", "👩‍👩‍👧", "xylophonist"] {
        assert_eq!(provider.search(query, 10).unwrap(), [] as [SearchResult; 0], "{query:?}");
    }
    assert_eq!(provider.search("tomatoes", 0).unwrap(), []);
    assert_eq!(top(&provider, "tomatoes", 1).len(), 1);
    assert!(top(&provider, "the", usize::MAX).len() > 10);
    assert!(Provider::new(TestMemory::default(), true).search("word", 5).unwrap().is_empty());
    top(&provider, &"word ".repeat(100_000), 5);
    top(&provider, &"long".repeat(100_000), 5);
}

#[test]
fn what_was_replaced_or_deleted_is_not_found_any_more() {
    let mut provider = notes();
    assert!(provider.delete("house/boiler").unwrap());
    assert!(!provider.delete("house/boiler").unwrap());
    assert!(!provider.delete("never there").unwrap());
    assert!(top(&provider, "Warmstone", 5).is_empty());
    text(&mut provider, "health/knee", "All is well again.");
    assert_eq!(top(&provider, "physiotherapist", 5), [""; 0]);
    let hit = provider.search("well again", 1).unwrap().remove(0);
    assert_eq!((hit.key.as_str(), hit.snippet.as_str(), hit.metadata.len()), ("health/knee", "All is well again.", 0));
    assert_eq!(provider.entries().unwrap(), NOTES.len() - 1);
}

#[test]
fn the_order_does_not_depend_on_the_order_in_which_entries_came() {
    let forward = notes();
    let mut backward = Provider::new(TestMemory::default(), true);
    for (key, facts, text) in NOTES.iter().rev() {
        let facts = facts.iter().map(|(name, fact)| (name.to_string(), fact.to_string())).collect();
        backward.store(key, text.as_bytes(), &facts).unwrap();
    }
    for query in ["water", "the morning", "author", "flour", "an index of the week"] {
        assert_eq!(forward.search(query, 100).unwrap(), backward.search(query, 100).unwrap(), "{query:?}");
    }
}
