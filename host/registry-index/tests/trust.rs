//! What is believed of a registry's documents, and what is not.
#![expect(clippy::unwrap_used, reason = "tests say with their names what they are about")]

use std::collections::BTreeMap;

use hal9_package::{Digest, PluginId, PublicKey, SecretKey};
use hal9_registry_index::{
    AuthorKey, Broken, Distrust, Endorsement, Head, Notice, Record, Review, ReviewerKey, Root, Seen, Severity, Shard,
    ShardId, Signed, VersionRecord, sign,
};

const NOW: u64 = 1_800_000_000;
const REGISTRY: &str = "550e8400-e29b-41d4-a716-446655440000";

fn key() -> SecretKey {
    SecretKey::from_text(&SecretKey::generate(None).unwrap().0, None).unwrap()
}

fn id() -> PluginId {
    "ai.hal9.words".parse().unwrap()
}

fn root(version: u64, root: &SecretKey, index: &SecretKey) -> Root {
    Root {
        registry: REGISTRY.to_owned(),
        version,
        issued: NOW,
        root_keys: vec![root.public().clone()],
        index_keys: vec![index.public().clone()],
    }
}

fn head(version: u64) -> Head {
    let (registry, shards) = (REGISTRY.to_owned(), BTreeMap::new());
    Head { registry, root: 1, version, issued: NOW, expires: NOW + 100, plugins: 0, shards }
}

fn signed(statement: &impl hal9_registry_index::Statement, keys: &[&SecretKey]) -> Signed {
    sign(statement, keys, "test").unwrap()
}

fn version(number: &str, package: &[u8], key: &PublicKey) -> VersionRecord {
    VersionRecord {
        version: number.parse().unwrap(),
        package: Digest::of(package),
        size: package.len() as u64,
        key: key.clone(),
        signature: String::new(),
        published: NOW,
        permissions: Default::default(),
        dependencies: Vec::new(),
        min_hal9_version: None,
        yanked: None,
        withdrawn: false,
    }
}

fn of(key: &SecretKey, versions: &[VersionRecord]) -> Record {
    let keys = vec![AuthorKey { key: key.public().clone(), endorsement: None }];
    Record { keys, versions: versions.to_vec(), ..Record::default() }
}

fn endorsed(key: &SecretKey, by: &SecretKey) -> AuthorKey {
    let statement = Endorsement { plugin: id(), key: key.public().clone() };
    AuthorKey { key: key.public().clone(), endorsement: Some(signed(&statement, &[by])) }
}

#[test]
fn a_root_is_pinned_and_followed_by_its_own_keys() {
    let (old, new, index, stranger) = (key(), key(), key(), key());
    let first = signed(&root(1, &old, &index), &[&old]);
    assert_eq!(Root::first(&first, Some(old.public())).unwrap().version, 1);
    assert!(matches!(Root::first(&first, Some(stranger.public())), Err(Distrust::Unsigned { .. })));
    let believed = Root::first(&first, None).unwrap();
    let next = root(2, &new, &index);
    assert_eq!(believed.next(&signed(&next, &[&old, &new])).unwrap(), next);
    // The old key has to say it, and the new one that it is there.
    assert!(matches!(believed.next(&signed(&next, &[&new])), Err(Distrust::Unsigned { .. })));
    assert!(matches!(believed.next(&signed(&next, &[&old])), Err(Distrust::Unsigned { .. })));
    assert!(matches!(believed.next(&first), Err(Distrust::RolledBack { seen: 1, found: 1, .. })));
    let far = signed(&root(3, &new, &index), &[&old, &new]);
    assert!(matches!(believed.next(&far), Err(Distrust::Malformed { .. })), "none is left out");
    let other = Root { registry: "other".to_owned(), ..next };
    assert!(matches!(believed.next(&signed(&other, &[&old, &new])), Err(Distrust::OtherRegistry { .. })));
}

#[test]
fn a_head_is_of_its_registry_signed_and_neither_old_nor_older() {
    let (root_key, index) = (key(), key());
    let root = root(1, &root_key, &index);
    let document = signed(&head(7), &[&index]);
    let seen = |version| Some(Seen { version, digest: Digest::of(document.document.as_bytes()) });
    let verify = |document: &Signed, seen: Option<Seen>, now| Head::verify(document, &root, seen.as_ref(), now);
    let believed = verify(&document, seen(6), NOW).unwrap();
    assert_eq!(believed.seen(&document), seen(7).unwrap());
    verify(&document, seen(7), NOW + 100 + Head::SKEW).unwrap();
    let late = verify(&document, None, NOW + 101 + Head::SKEW).unwrap_err();
    assert_eq!((late.reason(), &late), ("stale-index", &Distrust::Stale { late: 1 + Head::SKEW }));
    Head::verify_expired(&document, &root, None).unwrap();
    assert_eq!(verify(&document, seen(8), NOW).unwrap_err().reason(), "rolled-back");
    let twin = signed(&Head { plugins: 1, ..head(7) }, &[&index]);
    assert_eq!(verify(&twin, seen(7), NOW).unwrap_err().reason(), "mixed-index");
    assert_eq!(verify(&signed(&head(7), &[&root_key]), None, NOW).unwrap_err().reason(), "untrusted-index");
    let elsewhere = Head { registry: "other".to_owned(), ..head(7) };
    assert_eq!(verify(&signed(&elsewhere, &[&index]), None, NOW).unwrap_err().reason(), "other-registry");
    let changed = Signed { document: document.document.replace("\"version\":7", "\"version\":9"), ..document.clone() };
    assert_eq!(verify(&changed, None, NOW).unwrap_err().reason(), "altered-index");
}

#[test]
fn a_signature_over_one_sort_of_document_is_none_over_another() {
    let index = key();
    let root = root(1, &index, &index);
    // All that a head says, in a document of another type.
    let text = signed(&head(7), &[&index]).document.replace("hal9-registry-index", "hal9-review");
    let signature = index.sign(text.as_bytes(), "test").unwrap();
    let forged = Signed { document: text, signatures: vec![signature] };
    assert_eq!(Head::verify(&forged, &root, None, NOW).unwrap_err().reason(), "malformed-index");
    let many = Signed { signatures: vec![String::new(); Signed::MAX_SIGNATURES + 1], ..forged };
    assert_eq!(Head::verify(&many, &root, None, NOW).unwrap_err().reason(), "malformed-index");
}

#[test]
fn a_shard_is_the_one_that_is_named_and_has_its_own_plugins() {
    let record = of(&key(), &[]);
    let shard = Shard { shard: ShardId::of(&id()), plugins: BTreeMap::from([(id(), record.clone())]) };
    let bytes = shard.to_bytes();
    let digest = Digest::of(&bytes);
    assert_eq!(Shard::read(&bytes, shard.shard, &digest).unwrap(), shard);
    assert_eq!(Shard::read(b"{}", shard.shard, &digest).unwrap_err().reason(), "mixed-index");
    let other: ShardId = if shard.shard.to_string() == "00" { "01" } else { "00" }.parse().unwrap();
    assert_eq!(Shard::read(&bytes, other, &digest).unwrap_err().reason(), "mixed-index");
    let astray = Shard { shard: other, plugins: BTreeMap::from([(id(), record)]) }.to_bytes();
    assert_eq!(Shard::read(&astray, other, &Digest::of(&astray)).unwrap_err().reason(), "mixed-index");
    for bad in ["", "0", "0G", "+1", "FF", "000"] {
        assert!(bad.parse::<ShardId>().is_err(), "{bad}");
    }
}

#[test]
fn a_record_only_grows_and_its_keys_follow_from_the_first() {
    let (author, next, thief) = (key(), key(), key());
    let (one, two) = (version("1.0.0", b"one", author.public()), version("1.1.0", b"two", next.public()));
    let before = of(&author, std::slice::from_ref(&one));
    let mut after = of(&author, &[one.clone(), two.clone()]);
    after.keys.push(endorsed(&next, &author));
    after.follows(&before, &id()).unwrap();
    assert_eq!(after.believed_from(&id(), author.public()), [author.public().clone(), next.public().clone()]);
    assert_eq!(after.believed_from(&id(), next.public()), [next.public().clone()], "and not the other way round");
    assert_eq!(after.believed_from(&id(), thief.public()), [thief.public().clone()], "nothing follows from a stranger");

    let refused = |record: &Record| record.follows(&before, &id()).unwrap_err();
    let gone = of(&author, &[]);
    assert!(matches!(refused(&gone), Broken::Lost { .. }));
    let changed = of(&author, &[version("1.0.0", b"other", author.public())]);
    assert_eq!(refused(&changed).reason(), "changed-version");
    let stolen = of(&thief, &[version("1.0.0", b"one", thief.public())]);
    assert!(matches!(refused(&stolen), Broken::OtherKey { .. }));
    let foreign = of(&author, &[one.clone(), two]);
    assert!(matches!(refused(&foreign), Broken::ForeignKey { .. }));
    for endorsement in [None, endorsed(&thief, &thief).endorsement, endorsed(&next, &author).endorsement] {
        let mut unendorsed = before.clone();
        unendorsed.keys.push(AuthorKey { key: thief.public().clone(), endorsement });
        assert_eq!(refused(&unendorsed).reason(), "stolen-name");
    }
    let twice = of(&author, &[one.clone(), one]);
    assert!(matches!(twice.check(&id()), Err(Broken::Disorder { .. })));
    // The word for one plugin is none for another.
    assert!(matches!(after.check(&"ai.hal9.others".parse().unwrap()), Err(Broken::Unendorsed { .. })));
}

#[test]
fn reviews_and_keys_are_their_writers() {
    let (bob, eve) = (key(), key());
    let review = Review {
        registry: REGISTRY.to_owned(),
        plugin: id(),
        version: "1.0.0".parse().unwrap(),
        package: Digest::of(b"one"),
        author: "bob".to_owned(),
        stars: 4,
        text: "Good.\nMostly.".to_owned(),
        written: NOW,
    };
    let document = signed(&review, &[&bob]);
    assert_eq!(Review::verify(&document, bob.public(), REGISTRY).unwrap(), review);
    assert!(Review::verify(&document, eve.public(), REGISTRY).is_err());
    assert!(Review::verify(&document, bob.public(), "other").is_err());
    for bad in [
        Review { stars: 0, ..review.clone() },
        Review { stars: 6, ..review.clone() },
        Review { text: "x".repeat(Review::MAX_TEXT + 1), ..review.clone() },
        Review { text: "hidden \u{202e}".to_owned(), ..review },
    ] {
        assert!(Review::verify(&signed(&bad, &[&bob]), bob.public(), REGISTRY).is_err(), "{bad:?}");
    }
    let statement = ReviewerKey { registry: REGISTRY.to_owned(), account: "bob".to_owned(), key: bob.public().clone() };
    let proof = signed(&statement, &[&eve]);
    assert!(proof.verify::<ReviewerKey>(&[bob.public().clone()]).is_err(), "nobody registers another's key");
}

#[test]
fn a_notice_is_about_the_versions_that_it_names() {
    let notice = |versions: &str| Notice {
        id: 1,
        severity: Severity::High,
        versions: versions.parse().unwrap(),
        summary: String::new(),
        url: None,
        published: NOW,
    };
    let is_about = |versions: &str, version: &str| notice(versions).is_about(&version.parse().unwrap());
    assert!(is_about("<1.2.3", "1.2.2") && !is_about("<1.2.3", "1.2.3"));
    assert!(is_about(">=1.0.0, <2.0.0", "1.5.0-beta.1"), "a pre-release of a version that it is about");
    assert!(is_about("<1.2.3", "1.2.3-rc.1") && is_about("<1.3.0", "1.3.0-rc.1") && is_about("<2.0.0", "2.0.0-rc.1"));
    assert!(!is_about("<1.2.3", "1.2.4-rc.1"), "a version lies between");
}
