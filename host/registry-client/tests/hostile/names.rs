//! Names: whose a plugin is, and which of several registries answers for it.

use hal9_registry_client::{Claim, Error, Pins, Registry};
use hal9_registry_index::{Record, api::ProblemCode};
use tempfile::TempDir;

use crate::{
    documents::{ID, Keys, NOW, endorsed, key, package, record, version},
    server::{Server, client, settings},
};

fn is_refused(error: &Error, reason: &str) {
    assert_eq!((error.code(), error.reason()), (ProblemCode::Signature, Some(reason)), "{error}");
    assert_eq!(error.plugin(), Some(ID), "{error}");
}

fn is_in_conflict(error: &Error, reason: &str) {
    assert_eq!((error.code(), error.reason()), (ProblemCode::Conflict, Some(reason)), "{error}");
    assert!(error.help().is_some(), "{error}");
}

#[tokio::test]
async fn a_name_that_was_taken_over_and_a_version_that_was_changed_are_refused() {
    let (keys, folder, author, thief) = (Keys::new(), TempDir::new().unwrap(), key(), key());
    let (one, two) = (package(ID, "1.0.0", "one"), package(ID, "2.0.0", "two"));
    let honest = record(&author, &[version(&one, &author), version(&two, &author)]);
    let server = Server::with(&keys, 1, &[(ID, honest.clone())]).await;
    let registry = client(&server.url, &folder);
    let id = ID.parse().unwrap();
    registry.sync(NOW).await.unwrap();
    registry.record(&id).await.unwrap();

    let stolen = record(&thief, &[version(&one, &thief), version(&two, &thief)]);
    let mut slipped_in = honest.clone();
    slipped_in.keys.push(hal9_registry_index::AuthorKey { key: thief.public().clone(), endorsement: None });
    let mut forged = honest.clone();
    forged.keys.push(endorsed(ID, thief.public(), &thief));
    let mut foreign = honest.clone();
    foreign.versions.push(version(&package(ID, "3.0.0", "three"), &thief));
    let republished = record(&author, &[version(&package(ID, "1.0.0", "other"), &author), version(&two, &author)]);
    let lost = record(&author, &[version(&two, &author)]);
    let disordered = record(&author, &[version(&two, &author), version(&one, &author)]);
    let lies: [(&str, Option<Record>); 8] = [
        ("stolen-name", Some(stolen)),
        ("stolen-name", Some(slipped_in)),
        ("stolen-name", Some(forged)),
        ("stolen-name", Some(foreign)),
        ("stolen-name", None),
        ("changed-version", Some(republished)),
        ("changed-version", Some(lost)),
        ("changed-version", Some(disordered)),
    ];
    let mut head = 1;
    for (reason, lie) in lies {
        head += 1;
        server.index(&keys, head, &lie.map(|lie| (ID, lie)).into_iter().collect::<Vec<_>>());
        registry.sync(NOW).await.unwrap();
        is_refused(&registry.record(&id).await.unwrap_err(), reason);
        // Another command, with what the first one has kept.
        let other = client(&server.url, &folder);
        other.sync(NOW).await.unwrap();
        is_refused(&other.find(&id).await.unwrap_err(), reason);
    }

    // What follows is taken: a new key that the old one has endorsed, a version by it, one yanked.
    let mut later = honest.clone();
    later.keys.push(endorsed(ID, thief.public(), &author));
    later.versions.push(version(&package(ID, "3.0.0", "three"), &thief));
    later.versions[0].yanked = Some("broken".to_owned());
    server.index(&keys, head + 1, &[(ID, later.clone())]);
    registry.sync(NOW).await.unwrap();
    assert_eq!(registry.record(&id).await.unwrap().record, later);
    // And from then on the older one is none that follows.
    server.index(&keys, head + 2, &[(ID, honest)]);
    registry.sync(NOW).await.unwrap();
    is_refused(&registry.record(&id).await.unwrap_err(), "stolen-name");
    registry.forget(&id).await.unwrap();
    registry.record(&id).await.unwrap();
}

#[tokio::test]
async fn what_is_seen_for_the_first_time_must_be_one_in_itself() {
    let (keys, author, thief) = (Keys::new(), key(), key());
    let honest = record(&author, &[version(&package(ID, "1.0.0", "one"), &author)]);
    let mut slipped_in = honest.clone();
    slipped_in.keys.push(endorsed(ID, thief.public(), &thief));
    let foreign = record(&author, &[version(&package(ID, "1.0.0", "one"), &thief)]);
    for lie in [slipped_in, foreign] {
        let (server, folder) = (Server::with(&keys, 1, &[(ID, lie)]).await, TempDir::new().unwrap());
        let registry = client(&server.url, &folder);
        registry.sync(NOW).await.unwrap();
        is_refused(&registry.record(&ID.parse().unwrap()).await.unwrap_err(), "stolen-name");
        assert_eq!(std::fs::read_dir(folder.path().join("records")).unwrap().count(), 0);
    }
}

/// Two registries that both have a plugin of one name, of different authors.
struct Two {
    servers: [Server; 2],
    keys: [Keys; 2],
    records: [Record; 2],
    folder: TempDir,
}

impl Two {
    async fn open() -> Self {
        let keys = [Keys::of("11111111-1111-4111-8111-111111111111"), Keys::of("22222222-2222-4222-8222-222222222222")];
        let records = [(); 2].map(|()| {
            let author = key();
            record(&author, &[version(&package(ID, "1.0.0", "one"), &author)])
        });
        let servers = [
            Server::with(&keys[0], 1, &[(ID, records[0].clone()), ("ai.hal9.first-only", records[0].clone())]).await,
            Server::with(&keys[1], 1, &[(ID, records[1].clone())]).await,
        ];
        Self { servers, keys, records, folder: TempDir::new().unwrap() }
    }

    /// The two, with claims.
    async fn registries(&self, claims: [&str; 2]) -> Vec<Registry> {
        let mut registries = Vec::new();
        for (at, name) in ["main", "work"].into_iter().enumerate() {
            let mut settings = settings(&self.servers[at].url);
            settings.name = name.to_owned();
            settings.plugins = claims[at].split_whitespace().map(|claim| claim.parse::<Claim>().unwrap()).collect();
            let registry = Registry::open(settings, &self.folder.path().join(name)).unwrap();
            registry.sync(NOW).await.unwrap();
            registries.push(registry);
        }
        registries
    }

    fn pins(&self) -> Pins {
        Pins::open(&self.folder.path().join("pins.toml")).unwrap()
    }
}

#[tokio::test]
async fn of_two_registries_that_answer_for_one_name_none_is_taken_unasked() {
    let two = Two::open().await;
    let (id, other) = (ID.parse().unwrap(), "ai.hal9.first-only".parse().unwrap());
    let registries = two.registries(["", ""]).await;
    let error = two.pins().choose(&id, &registries).await.unwrap_err();
    is_in_conflict(&error, "ambiguous");
    assert!(error.to_string().contains("`main` and `work`"), "{error}");
    let chosen = two.pins().choose(&other, &registries).await.unwrap();
    assert_eq!(chosen.registry.name(), "main");
    let error = two.pins().choose(&"ai.hal9.none".parse().unwrap(), &registries).await.unwrap_err();
    assert_eq!(error.code(), ProblemCode::NotFound, "{error}");

    // Who claims it answers, also where only the other one has it.
    let registries = two.registries(["", "ai.hal9.*"]).await;
    let chosen = two.pins().choose(&id, &registries).await.unwrap();
    assert_eq!((chosen.registry.name(), &chosen.listed.record), ("work", &two.records[1]));
    let error = two.pins().choose(&other, &registries).await.unwrap_err();
    assert_eq!(error.code(), ProblemCode::NotFound, "{error}");
    let registries = two.registries(["ai.hal9.*", "ai.hal9.*"]).await;
    is_in_conflict(&two.pins().choose(&id, &registries).await.unwrap_err(), "ambiguous");
}

#[tokio::test]
async fn a_plugin_stays_with_the_registry_that_it_came_from() {
    let two = Two::open().await;
    let id = ID.parse().unwrap();
    let mut pins = two.pins();
    {
        let registries = two.registries(["", "ai.hal9.*"]).await;
        let chosen = pins.choose(&id, &registries).await.unwrap();
        let pin = chosen.pin(&chosen.listed.record.versions[0].key);
        pins.bind(&id, pin.clone()).await.unwrap();
        pins.bind(&id, pin).await.unwrap();
    }
    // Without the claim it still asks its own, and another process knows as well.
    let registries = two.registries(["", ""]).await;
    for pins in [pins, two.pins()] {
        assert_eq!(pins.choose(&id, &registries).await.unwrap().registry.name(), "work");
    }
    // Settings that say otherwise are not obeyed in silence.
    let claimed = two.registries(["ai.hal9.*", ""]).await;
    is_in_conflict(&two.pins().choose(&id, &claimed).await.unwrap_err(), "bound-elsewhere");
    is_in_conflict(&two.pins().choose(&id, &registries[..1]).await.unwrap_err(), "bound-elsewhere");
    // Another command has bound it elsewhere.
    let stranger =
        hal9_registry_client::Pin { registry: two.keys[0].identity.clone(), ..two.pins().get(&id).unwrap().clone() };
    let error = two.pins().bind(&id, stranger).await.unwrap_err();
    assert_eq!(error.reason(), Some("other-registry"), "{error}");
    assert!(two.pins().unbind(&id).await.unwrap());
    is_in_conflict(&two.pins().choose(&id, &registries).await.unwrap_err(), "ambiguous");
}

#[tokio::test]
async fn a_registry_that_is_another_one_now_does_not_get_its_plugins() {
    let two = Two::open().await;
    let id = ID.parse().unwrap();
    let mut pins = two.pins();
    let registries = two.registries(["", "*"]).await;
    let chosen = pins.choose(&id, &registries).await.unwrap();
    pins.bind(&id, chosen.pin(&chosen.listed.record.versions[0].key)).await.unwrap();

    // Someone has removed what was known of it, and set up another one in its place.
    std::fs::remove_dir_all(two.folder.path().join("work")).unwrap();
    let thief = Keys::of("33333333-3333-4333-8333-333333333333");
    two.servers[1].root(1, &hal9_registry_index::sign(&thief.root(), &[&thief.root], "root").unwrap());
    two.servers[1].index(&thief, 9, &[(ID, two.records[1].clone())]);
    let registries = two.registries(["", "*"]).await;
    is_refused(&pins.choose(&id, &registries).await.unwrap_err(), "other-registry");

    // The same registry, but its record begins with another key than the plugin came with.
    let two = Two::open().await;
    let mut pins = two.pins();
    let registries = two.registries(["*", ""]).await;
    let chosen = pins.choose(&id, &registries).await.unwrap();
    pins.bind(&id, chosen.pin(&chosen.listed.record.versions[0].key)).await.unwrap();
    registries[0].forget(&id).await.unwrap();
    two.servers[0].index(&two.keys[0], 2, &[(ID, two.records[1].clone())]);
    registries[0].sync(NOW).await.unwrap();
    is_refused(&pins.choose(&id, &registries).await.unwrap_err(), "stolen-name");
}

#[tokio::test]
async fn a_registry_that_cannot_be_asked_may_have_the_name() {
    let two = Two::open().await;
    let id = "ai.hal9.first-only".parse().unwrap();
    let [first, second] = two.servers;
    second.stop().await;
    let mut registries = Vec::new();
    for (name, url) in [("main", &first.url), ("work", &"http://127.0.0.1:9/".to_owned())] {
        let mut settings = settings(url);
        settings.name = name.to_owned();
        registries.push(Registry::open(settings, &two.folder.path().join(name)).unwrap());
    }
    registries[0].sync(NOW).await.unwrap();
    let pins = Pins::open(&two.folder.path().join("pins.toml")).unwrap();
    let error = pins.choose(&id, &registries).await.unwrap_err();
    assert_eq!(error.code(), ProblemCode::Unavailable, "{error}");
}
