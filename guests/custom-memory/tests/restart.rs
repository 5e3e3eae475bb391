//! What was acknowledged is there after a restart, whatever happened before it, and is found as it was.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::TestMemory;
use custom_memory::CustomMemory;
use custom_memory::memory::Memory;
use custom_memory::provider::Provider;
use hal9_plugin_sdk::{ErrorCode, HashMap, MemoryPlugin, PluginError};
use std::collections::BTreeMap;

fn open(memory: &TestMemory) -> Provider<TestMemory> {
    Provider::new(memory.clone(), true)
}

fn facts(author: &str) -> HashMap<String, String> {
    HashMap::from([("author".to_owned(), author.to_owned())])
}

fn keys(provider: &Provider<TestMemory>, query: &str) -> Vec<String> {
    let mut keys: Vec<String> = provider.search(query, 100).unwrap().into_iter().map(|hit| hit.key).collect();
    keys.sort();
    keys
}

#[test]
fn the_plugin_finds_after_a_restart_what_it_was_given_before() {
    let mut plugin = CustomMemory::default();
    plugin.store("note".into(), b"buy oat milk".to_vec(), facts("Ada")).unwrap();
    plugin.store("gone".into(), b"buy a kite".to_vec(), facts("Bob")).unwrap();
    assert!(plugin.delete("gone").unwrap());
    drop(plugin);

    let mut plugin = CustomMemory::default();
    assert_eq!(plugin.retrieve("note").unwrap(), Some((b"buy oat milk".to_vec(), facts("Ada"))));
    assert_eq!(plugin.retrieve("gone").unwrap(), None);
    let hits = plugin.search("buy", 10).unwrap();
    assert_eq!((hits.len(), hits[0].key.as_str(), &hits[0].metadata), (1, "note", &facts("Ada")));
    assert!(!plugin.delete("gone").unwrap());
}

/// What is kept under a key: the word that it is about, and a value that is a text or fills two parts.
#[derive(Clone, PartialEq)]
struct Content {
    about: String,
    value: Vec<u8>,
}

/// One thing that is done to a provider: a store, or with no content a delete.
type Step = (String, Option<Content>);

fn content(about: &str, value: Vec<u8>) -> Option<Content> {
    Some(Content { about: about.to_owned(), value })
}

/// A value in two parts. It is no text, and there are few of it: each look at one is much of the time of these tests.
fn large() -> Vec<u8> {
    vec![0xff; (1 << 20) + 1]
}

/// Every way an entry can change, with enough entries between for segments to be written and merged.
fn script() -> Vec<Step> {
    let mut script = vec![
        ("a".to_owned(), content("alarge", large())),
        ("a".to_owned(), content("aone", b"text".to_vec())),
        ("a".to_owned(), content("alarge", large())),
        ("b".to_owned(), content("bone", b"text".to_vec())),
        ("a".to_owned(), None),
        ("a".to_owned(), content("atwo", b"text".to_vec())),
        ("b".to_owned(), None),
    ];
    for i in 0..14 {
        // Long words, because a segment is due by their bytes.
        let text: String = (0..200).map(|word| format!("{:0>50} ", format!("w{i}x{word}"))).collect();
        script.push((format!("filler {}", i % 11), content(&format!("about{i}"), text.into_bytes())));
    }
    script.extend([
        ("b".to_owned(), content("bthree", b"text".to_vec())),
        ("a".to_owned(), None),
        ("b".to_owned(), content("bthree", b"text".to_vec())),
    ]);
    script
}

fn store(provider: &mut Provider<TestMemory>, key: &str, content: &Content) -> Result<(), PluginError> {
    provider.store(key, &content.value, &HashMap::from([("about".to_owned(), content.about.clone())]))
}

fn run(provider: &mut Provider<TestMemory>, (key, content): &Step) -> bool {
    match content {
        Some(content) => store(provider, key, content).is_ok(),
        None => provider.delete(key).is_ok(),
    }
}

/// What is kept under a key. The memory may fail for a while.
fn kept(provider: &Provider<TestMemory>, key: &str) -> Result<Option<Content>, PluginError> {
    let entry =
        (0..3).map(|_| provider.retrieve(key)).find(|kept| !matches!(kept, Err(e) if e.code == ErrorCode::Unavailable));
    let content = |(value, facts): (Vec<u8>, HashMap<String, String>)| Content { about: facts["about"].clone(), value };
    Ok(entry.unwrap()?.map(content))
}

fn note(expect: &mut BTreeMap<String, Content>, (key, content): Step) {
    match content {
        Some(content) => drop(expect.insert(key, content)),
        None => drop(expect.remove(&key)),
    }
}

/// Holds a provider against what it should have: every entry is there and is found, and nothing else is.
fn check(provider: &Provider<TestMemory>, expect: &BTreeMap<String, Content>, when: &str) {
    for (key, content) in expect {
        assert!(kept(provider, key).unwrap().as_ref() == Some(content), "{key:?} is lost or another {when}");
        assert_eq!(keys(provider, &format!("{} ", content.about)), [key.as_str()], "by {:?} {when}", content.about);
    }
    assert_eq!(provider.entries().unwrap(), expect.len(), "entries {when}");
    for about in ["aone", "alarge", "atwo", "bone", "bthree", "about0", "about3"] {
        let found = keys(provider, &format!("{about} "));
        assert!(found.iter().all(|key| expect[key].about == about), "{about:?} finds {found:?} {when}");
    }
}

#[test]
fn an_instance_that_is_dropped_at_any_step_loses_nothing_that_it_acknowledged() {
    let script = script();
    let mut steps = 0;
    loop {
        let memory = TestMemory::default();
        let mut provider = open(&memory);
        memory.break_in(steps, usize::MAX);
        let mut expect = BTreeMap::new();
        let done = script.iter().take_while(|step| run(&mut provider, step)).cloned().collect::<Vec<_>>();
        let torn = script.get(done.len());
        done.into_iter().for_each(|step| note(&mut expect, step));
        drop(provider);
        let broke = memory.repair();

        // What was not acknowledged may have happened or not, and nothing between.
        let provider = open(&memory);
        if let Some(torn) = torn
            && kept(&provider, &torn.0).unwrap() == torn.1
        {
            note(&mut expect, torn.clone());
        }
        let when = format!("after a break at step {steps}");
        check(&provider, &expect, &when);
        let count = |place: &str| memory.names(place).unwrap().len();
        assert_eq!(count("d/"), expect.len(), "records {when}");
        let large = expect.values().filter(|content| content.value.len() > 1 << 20).count();
        assert_eq!(count("p/"), large * 2, "parts {when}");
        if !broke {
            assert!(steps > 50 && count("s/") > 0, "the script took {steps} steps only, or saved no index");
            break;
        }
        steps += 1;
    }
}

#[test]
fn a_memory_that_fails_for_a_moment_leaves_the_instance_with_the_truth() {
    fail_for_a_moment(&short_script(), 0, 1, |_| {});
    fail_for_a_moment(&script(), 0, 4, |_| {});
}

#[test]
fn an_answer_that_is_lost_leaves_the_instance_with_the_truth() {
    fail_for_a_moment(&short_script(), 0, 1, TestMemory::lose_an_answer);
    fail_for_a_moment(&script(), 2, 4, TestMemory::lose_an_answer);
}

fn short_script() -> Vec<Step> {
    let text = |about: &str| content(about, b"text".to_vec());
    let script = [("a", text("aone")), ("b", text("bone")), ("a", None), ("a", text("atwo")), ("b", None)];
    script.map(|(key, content)| (key.to_owned(), content)).to_vec()
}

/// Fails two steps in a row, at first and at every `stride` steps from there.
fn fail_for_a_moment(script: &[Step], first: usize, stride: usize, prepare: impl Fn(&TestMemory)) {
    for steps in (first..).step_by(stride) {
        let memory = TestMemory::default();
        prepare(&memory);
        let mut provider = open(&memory);
        memory.break_in(steps, 2);
        let mut expect = BTreeMap::new();
        for step in script {
            let done = run(&mut provider, step);
            let now = kept(&provider, &step.0).unwrap();
            assert!(!done || now == step.1, "{:?} was acknowledged, with a failure at step {steps}", step.0);
            let before = expect.get(&step.0);
            assert!(now == step.1 || now.as_ref() == before, "{:?} is torn, with a failure at step {steps}", step.0);
            note(&mut expect, (step.0.clone(), now));
        }
        let broke = memory.repair();
        check(&provider, &expect, &format!("in the same instance, with a failure at step {steps}"));
        check(&open(&memory), &expect, &format!("in the next instance, with a failure at step {steps}"));
        if !broke {
            break;
        }
    }
}

#[test]
fn an_earlier_version_that_could_not_be_cleared_away_never_comes_back() {
    // Two versions: the memory fails right after the record of the second is written.
    let two = TestMemory::default();
    let mut provider = open(&two);
    provider.store("k", b"old", &facts("Ada")).unwrap();
    two.break_in(2, 1);
    provider.store("k", b"new", &facts("Ada")).unwrap();
    assert!(two.repair());
    assert_eq!(two.names("d/").unwrap().len(), 2, "there is nothing to test");

    for steps in 0.. {
        let memory = two.copy();
        let mut provider = open(&memory);
        memory.break_in(steps, usize::MAX);
        let deleted = provider.delete("k");
        let broke = memory.repair();
        let provider = open(&memory);
        let left = provider.retrieve("k").unwrap().map(|entry| entry.0);
        assert_ne!(left, Some(b"old".to_vec()), "after a break at step {steps}");
        assert!(keys(&provider, "old").is_empty(), "after a break at step {steps}");
        assert_eq!(keys(&provider, "new").len(), usize::from(left.is_some()));
        if !broke {
            assert_eq!((deleted, left), (Ok(true), None));
            break;
        }
    }
}

#[test]
fn damage_stays_where_it_is() {
    let whole = TestMemory::default();
    let mut provider = open(&whole);
    let mut expect = BTreeMap::new();
    for step in script() {
        assert!(run(&mut provider, &step));
        note(&mut expect, step);
    }
    let step = ("c".to_owned(), content("clarge", large()));
    assert!(run(&mut provider, &step));
    note(&mut expect, step);
    for name in whole.names("").unwrap() {
        for lost in [false, true] {
            let memory = whole.copy();
            if lost {
                memory.remove(&name);
            } else {
                memory.change(&name, |value| {
                    let middle = value.len() / 2;
                    value[middle] ^= 0x10;
                });
            }
            let mut provider = open(&memory);
            let mut damaged =
                expect.iter().filter(|(key, content)| kept(&provider, key).ok().flatten().as_ref() != Some(content));
            let first = damaged.next();
            assert!(damaged.next().is_none(), "{name} damages more than one entry");
            if name.starts_with("s/") {
                assert!(first.is_none(), "a segment holds nothing of its own");
                check(&provider, &expect, &format!("without {name}"));
                continue;
            }
            let (key, content) = first.unwrap();
            match kept(&provider, key) {
                Ok(None) => assert!(lost && name.starts_with("d/"), "{name}: {key:?} vanished"),
                Ok(Some(_)) => panic!("{name}: {key:?} came back changed"),
                Err(error) => assert_eq!(error.code, ErrorCode::Internal, "{error}"),
            }
            // The others are found all the same. It can be stored again, and then all is well.
            assert!(key == "b" || keys(&provider, "text ").contains(&"b".to_owned()));
            store(&mut provider, key, content).unwrap();
            check(&provider, &expect, &format!("after {name} was damaged and {key:?} stored again"));
            check(&open(&memory), &expect, "and after a restart");
        }
    }
}

#[test]
fn what_others_left_in_the_memory_is_left_alone() {
    let memory = TestMemory::default();
    let mut provider = open(&memory);
    provider.store("k", b"word", &HashMap::new()).unwrap();
    for name in ["d/odd", "p/odd", "s/odd", "settings"] {
        memory.set(name, b"?").unwrap();
    }
    assert_eq!(keys(&open(&memory), "word"), ["k"]);
    assert_eq!(memory.len(), 5);
}
