//! The laws of `memory-provider`. It refuses to know how a provider finds what fits a query.

use std::collections::BTreeMap;

use hal9_host::{Call, Entry, FailureCode, Metadata, Plugin, SearchHit};

use super::inputs::{CONTROLS, SCRIPTS, long};
use super::lab::{Lab, answer, equal, failure, value};
use super::{Breach, Law, Verdict, law};
use crate::report::Finding;
use crate::text;

pub(super) const LAWS: &[Law] = &[
    law!("memory-provider.wit", "What is kept under `key`, or `none`.", "what was stored is retrieved", stored),
    law!("memory-provider.wit", "The value. May be empty.", "values of any bytes are kept", bytes),
    law!(
        "memory-provider.wit",
        "Keeps `value` under `key`, whatever was there before.",
        "storing again replaces",
        replaced
    ),
    law!("memory-provider.wit", "`invalid-input` for an empty key.", "an empty key is refused", empty_key),
    law!("memory-provider.wit", "Facts about it. May be empty.", "facts are kept with their value", facts),
    law!(
        "types.wit",
        "Names with values, in the order in which they were given.",
        "odd keys are kept or refused",
        odd_keys
    ),
    law!("memory-provider.wit", "Forgets `key`; `false` where there was nothing.", "what was deleted is gone", deleted),
    law!(
        "memory-provider.wit",
        "finds them again by what they are about.",
        "what was stored is found by a word of it",
        found
    ),
    law!("memory-provider.wit", "0 gives none", "a search for no results gives none", limit_zero),
    law!("memory-provider.wit", "and so does an empty query.", "an empty query finds nothing", empty_query),
    law!(
        "memory-provider.wit",
        "The best `limit` entries for a query in words, best first.",
        "results are no more than asked for, best first",
        best_first
    ),
    law!("memory-provider.wit", "The key, for `retrieve`.", "results can be retrieved", retrievable),
    law!("types.wit", "How a plugin's export says that it failed", "odd queries are answered", odd_queries),
];

async fn store(plugin: &Plugin, key: &str, content: &[u8], facts: &Metadata) -> Result<(), Breach> {
    value(format!("store of {key:?}"), plugin.store(&mut Call::new(), key, content, facts).await)
}

async fn retrieve(plugin: &Plugin, key: &str) -> Result<Option<Entry>, Breach> {
    value(format!("retrieve of {key:?}"), plugin.retrieve(&mut Call::new(), key).await)
}

async fn search(plugin: &Plugin, query: &str, limit: u32) -> Result<Vec<SearchHit>, Breach> {
    value(format!("search for {query:?}, {limit} at most"), plugin.search(&mut Call::new(), query, limit).await)
}

/// What is kept under a key, as it is shown.
async fn kept(plugin: &Plugin, key: &str) -> Result<String, Breach> {
    Ok(retrieve(plugin, key).await?.map_or_else(none, |entry| shown(&entry.value)))
}

fn shown(content: &[u8]) -> String {
    format!("{:?}", text::of_bytes(content))
}

fn none() -> String {
    "none".to_owned()
}

/// A provider that keeps three notes.
async fn notes(lab: &Lab<'_>) -> Result<Plugin, Breach> {
    let plugin = lab.fresh()?;
    for (key, text) in [
        ("note-1", "The blue kettle stands on the stove."),
        ("note-2", "Trains to Hamburg leave every hour."),
        ("note-3", "The kettle was a present; the kettle is old."),
    ] {
        store(&plugin, key, text.as_bytes(), &vec![]).await?;
    }
    Ok(plugin)
}

async fn stored(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    equal("what is under a key that was never stored", &none(), &kept(&plugin, "never").await?)?;
    for (number, (what, text)) in SCRIPTS.iter().enumerate() {
        let key = format!("key-{number}");
        store(&plugin, &key, text.as_bytes(), &vec![]).await?;
        equal(format!("the value of {what}"), &shown(text.as_bytes()), &kept(&plugin, &key).await?)?;
    }
    equal("what is under a key that was never stored", &none(), &kept(&plugin, "never").await?)
}

async fn bytes(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let every: Vec<u8> = (0..=255).cycle().take(1_000).collect();
    let values = [("no bytes", vec![]), ("one NUL", vec![0]), ("every byte", every), ("64 KiB", long(64 << 10).into())];
    for (what, content) in values {
        store(&plugin, "key", &content, &vec![]).await?;
        equal(format!("a value of {what}"), &shown(&content), &kept(&plugin, "key").await?)?;
    }
    Ok(())
}

async fn replaced(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let fact = |value: &str| vec![("by".to_owned(), value.to_owned())];
    store(&plugin, "key", b"the first, which is longer", &fact("Ada")).await?;
    store(&plugin, "key", b"the second", &fact("Bob")).await?;
    let entry = retrieve(&plugin, "key").await?;
    let got = entry.map_or_else(none, |entry| format!("{} {:?}", shown(&entry.value), entry.metadata));
    equal("what was stored twice", &format!("{} {:?}", shown(b"the second"), fact("Bob")), &got)?;
    store(&plugin, "key", b"", &vec![]).await?;
    equal("what was replaced by nothing", &shown(b""), &kept(&plugin, "key").await?)
}

async fn empty_key(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let result = plugin.store(&mut Call::new(), "", b"value", &vec![]).await;
    failure("store of an empty key", &[FailureCode::InvalidInput], result)?;
    store(&plugin, "key", b"value", &vec![]).await
}

async fn facts(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let facts: Metadata = [("lang", "en"), ("язык", "русский"), ("empty", "")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    store(&plugin, "key", b"value", &facts).await?;
    let sorted = |facts: &Metadata| format!("{:?}", facts.iter().cloned().collect::<BTreeMap<_, _>>());
    let got = retrieve(&plugin, "key").await?.map_or_else(none, |entry| sorted(&entry.metadata));
    equal("the facts", &sorted(&facts), &got)
}

async fn odd_keys(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let long = "k".repeat(600);
    let odd = ["a b", "a/b/../c", "A", "a", "%s", long.as_str()];
    let keys: Vec<&str> = odd.into_iter().chain(SCRIPTS.iter().chain(CONTROLS).map(|(_, text)| *text)).collect();
    let mut taken = Vec::new();
    for key in keys {
        let content = format!("value of {key:?}").into_bytes();
        let result = plugin.store(&mut Call::new(), key, &content, &vec![]).await;
        match answer(format!("store of {key:?}"), result)? {
            Ok(()) => taken.push((key, content)),
            Err(_) => {
                answer(format!("retrieve of {key:?}"), plugin.retrieve(&mut Call::new(), key).await)?.ok();
            }
        }
    }
    // After all of them, so that two that are taken for one are seen.
    for (key, content) in taken {
        equal(format!("the value of {key:?}"), &shown(&content), &kept(&plugin, key).await?)?;
    }
    Ok(())
}

async fn deleted(lab: &Lab<'_>) -> Verdict {
    let plugin = notes(lab).await?;
    let delete = async |key: &str| value(format!("delete of {key:?}"), plugin.delete(&mut Call::new(), key).await);
    equal("delete of what was never stored", &false, &delete("never").await?)?;
    equal("delete", &true, &delete("note-1").await?)?;
    equal("retrieve after delete", &none(), &kept(&plugin, "note-1").await?)?;
    equal("delete again", &false, &delete("note-1").await?)?;
    let keys: Vec<_> = search(&plugin, "kettle", 10).await?.into_iter().map(|hit| hit.key).collect();
    equal("whether a search finds what was deleted", &false, &keys.contains(&"note-1".to_owned()))?;
    store(&plugin, "note-1", b"again", &vec![]).await?;
    equal("what was stored after it was deleted", &shown(b"again"), &kept(&plugin, "note-1").await?)
}

async fn found(lab: &Lab<'_>) -> Verdict {
    let plugin = notes(lab).await?;
    for (query, key) in [("Hamburg", "note-2"), ("stove", "note-1")] {
        let keys: Vec<_> = search(&plugin, query, 10).await?.into_iter().map(|hit| hit.key).collect();
        if !keys.contains(&key.to_owned()) {
            let what = format!("search for {query:?}");
            return Err(Finding::new(what, format!("{key} among the results"), format!("{keys:?}")).into());
        }
    }
    Ok(())
}

async fn limit_zero(lab: &Lab<'_>) -> Verdict {
    let hits = search(&notes(lab).await?, "kettle", 0).await?;
    equal("how many results there are", &0, &hits.len())
}

async fn empty_query(lab: &Lab<'_>) -> Verdict {
    let hits = search(&notes(lab).await?, "", 10).await?;
    equal("how many results there are of an empty query", &0, &hits.len())
}

async fn best_first(lab: &Lab<'_>) -> Verdict {
    let plugin = notes(lab).await?;
    for limit in [1, 2, 100, u32::MAX] {
        // The host counts the results.
        let hits = search(&plugin, "the kettle", limit).await?;
        let scores: Vec<_> = hits.iter().map(|hit| hit.score).collect();
        if !scores.is_sorted_by(|better, worse| better >= worse) {
            return Err(Finding::new("the scores", "numbers that do not grow", format!("{scores:?}")).into());
        }
    }
    Ok(())
}

async fn retrievable(lab: &Lab<'_>) -> Verdict {
    let plugin = notes(lab).await?;
    for hit in search(&plugin, "the kettle", 10).await? {
        let there = retrieve(&plugin, &hit.key).await?.is_some();
        equal(format!("whether {:?} can be retrieved", hit.key), &true, &there)?;
    }
    Ok(())
}

async fn odd_queries(lab: &Lab<'_>) -> Verdict {
    let plugin = notes(lab).await?;
    let long = long(100_000);
    let texts = SCRIPTS.iter().chain(CONTROLS).map(|(_, text)| *text);
    for query in texts.chain(["\"", "kettle AND", "*", "(", long.as_str()]) {
        let what = text::cut(&format!("search for {query:?}"));
        answer(what, plugin.search(&mut Call::new(), query, 5).await)?.ok();
    }
    search(&plugin, "kettle", 5).await.map(drop)
}
