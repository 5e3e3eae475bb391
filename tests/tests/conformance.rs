//! The conformance suite against real guests, all of which pass it, and against one that is wrong in whichever one way it is told to be.
#![expect(clippy::unwrap_used, reason = "tests say with their names what they are about")]

use std::collections::BTreeSet;

use hal9_host::Host;
use hal9_package::Manifest;
use hal9_testing::{Bench, Outcome, Report, Selection};

/// A guest on the bench, with its own cases where it has some.
fn bench(name: &str, folder: &str) -> Bench {
    let bytes = std::fs::read(hal9_tests::guest(name)).unwrap();
    let folder = hal9_tests::guests_dir().join(folder);
    let manifest = std::fs::read(folder.join("manifest.json")).ok().map(|text| Manifest::parse(&text).unwrap());
    Bench::new(Host::builder(), name, &bytes, manifest).unwrap().with_cases(&folder.join("cases")).unwrap()
}

/// Everything that failed, as a list to read.
fn failures(report: &Report) -> Vec<String> {
    let of = |case: &hal9_testing::CaseReport| {
        let found: Vec<_> = case.findings().iter().map(|finding| format!("{finding:?}")).collect();
        format!("{}: {}", case.name, found.join("; "))
    };
    report.cases().filter(|case| !case.findings().is_empty()).map(of).collect()
}

#[tokio::test]
async fn every_guest_passes_its_own_cases_and_the_suite() {
    let guests =
        ["sentiment-analyzer", "text-tools", "custom-memory", "online-learner", "raw-neuron", "web-scraper", "kernels"];
    for guest in guests {
        let bench = bench(guest, guest);
        let report = bench.run(&Selection::default(), |_| ()).await;
        assert_eq!(failures(&report), [""; 0], "{guest}");
        assert!(report.sums().passed >= 7 + bench.own_cases(), "{guest}: {:?}", report.sums());
    }
}

/// For each way to be wrong: the law that it breaks, and a part of what the suite says of it.
const WRONG: &[(&str, &str, &str)] = &[
    // neuron
    ("id", "a reply keeps the id of its signal", "the reply has another id than the signal"),
    ("nil-id", "the nil id is an id", "the reply has another id than the signal"),
    ("trap-empty", "an empty text is answered", "there is always some text"),
    ("large", "a text as large as may be is answered", "there is not so much text"),
    ("bytes", "texts of any script are answered", "a trap"),
    ("c-string", "NUL and control characters are answered", "another id"),
    ("facts", "odd facts are answered", "a trap"),
    ("time", "any time and any type are answered", "a time has a next one"),
    ("spoilt", "one signal does not spoil the next", "a plain signal after odd ones"),
    ("asking", "asking for the state changes nothing", "(2, 0)"),
    ("counts", "the state counts what the instance answered", "6"),
    ("instances", "instances do not count for each other", "(3, 0)"),
    ("second-call", "calls at once are answered each for itself", "it has answered already"),
    // batches
    ("no-rows", "a batch of no rows gets one of no rows", "there is nothing to do"),
    ("lost-row", "a batch of one row gets one of one", "other ids than the batch"),
    ("many-rows", "a batch of many rows is answered as its signals are", "too many rows"),
    ("offsets", "a batch of empty texts and of any script keeps its columns", "is no range of its text"),
    ("columns", "a batch with columns of numbers and of texts is answered", "has 3 rows instead of 4"),
    ("after-batch", "one batch does not spoil the next call", "a batch is not over"),
    // tool
    ("name", "names are names, and unique", "`Repeat It` is no name of a tool"),
    ("twice", "names are names, and unique", "how many different names"),
    ("unstable", "descriptions do not change", "2 if nobody says"),
    ("schema", "schemas are JSON Schemas of objects", "a JSON Schema"),
    ("any-value", "schemas are JSON Schemas of objects", "\\\"text\\\" fits it"),
    ("unknown-path", "an unknown tool is a violation of the whole", "/name"),
    ("unknown", "an unknown tool is not found", "not-found"),
    ("no-object", "parameters that are no object are refused", "expected: \"a violation\""),
    ("code", "parameters that are no object are refused", "the failure internal"),
    ("lenient", "validate says what execute does", "write a number from 0 to 100"),
    ("result", "results are JSON", "is not JSON"),
    ("pointers", "violations say where in the parameters", "a JSON Pointer"),
    // memory provider
    ("never-none", "what was stored is retrieved", "a key that was never stored"),
    ("text-only", "values of any bytes are kept", "every byte"),
    ("keeps-first", "storing again replaces", "the first, which is longer"),
    ("empty-key", "an empty key is refused", "an answer"),
    ("no-facts", "facts are kept with their value", "the facts"),
    ("keys", "odd keys are kept or refused", "value of"),
    ("deleted", "what was deleted is gone", "delete of what was never stored"),
    ("undead", "what was deleted is gone", "retrieve after delete"),
    ("stale-index", "what was deleted is gone", "whether a search finds what was deleted"),
    ("blind", "what was stored is found by a word of it", "note-2 among the results"),
    ("limit-zero", "a search for no results gives none", "gave 1 results of a search for 0"),
    ("empty-query", "an empty query finds nothing", "got: \"3\""),
    ("limit", "results are no more than asked for, best first", "gave 2 results of a search for 1"),
    ("worst-first", "results are no more than asked for, best first", "numbers that do not grow"),
    ("hit-keys", "results can be retrieved", "entry note-"),
    ("queries", "odd queries are answered", "a query is no pattern"),
    // learning algorithm
    ("options-schema", "the options are described by a JSON Schema", "JSON"),
    ("defaults", "a model is made without options", "say which seed"),
    ("options", "options that do not fit are refused", "an answer"),
    ("samples", "training counts rows", "after 1 batches of 4 rows"),
    ("loss", "a batch of no rows changes nothing", "NaN"),
    ("lengths", "a batch whose lengths disagree is refused", "fewer targets than rows"),
    ("dimensions", "other dimensions than before are refused", "an answer"),
    ("refused", "a refused batch leaves the model as it was", "after it refused half a row"),
    ("no-predictions", "no rows give no predictions", "there is nothing to predict"),
    ("dimensions", "rows of other dimensions are not predicted", "rows of 2 numbers"),
    ("saved", "a model that was loaded predicts as the one that was saved", "the loaded model predicts"),
    ("load", "bytes that were not saved are refused", "load of no bytes"),
    ("shared", "models of one plugin do not share what they know", "a new model predicts beside one"),
    ("odd", "odd numbers are answered", "targets are numbers"),
    // lifecycle
    ("init", "an instance begins and ends in good order", "it does not begin"),
    ("health", "it says how it feels", "asked for twice"),
    ("import-own", "what is exported can be imported", "it takes no state"),
    ("forgets", "the next instance answers as the one before would", "seen"),
    ("import-traps", "state that is none is taken or refused", "state is always right"),
];

#[tokio::test]
async fn a_guest_that_is_wrong_in_one_way_breaks_that_law_for_that_reason() {
    let mut bench = bench("wrong", "probes/wrong");
    for (fault, law, reason) in WRONG {
        bench = bench.configured(serde_json::json!({ "fault": fault }));
        let only = Selection { name: Some((*law).to_owned()), ..Selection::default() };
        let report = bench.run(&only, |_| ()).await;
        let said = failures(&report);
        assert!(said.iter().any(|said| said.starts_with(law) && said.contains(reason)), "{fault}: {said:?}");
    }
}

#[tokio::test]
async fn the_same_guest_with_nothing_wrong_passes_and_no_law_is_without_a_guest_that_breaks_it() {
    let report = bench("wrong", "probes/wrong").run(&Selection::default(), |_| ()).await;
    assert_eq!(failures(&report), [""; 0]);
    assert!(report.cases().all(|case| matches!(case.outcome, Outcome::Passed { .. })), "none is skipped");
    let laws: BTreeSet<_> = report.cases().map(|case| case.name.as_str()).collect();
    let broken: BTreeSet<_> = WRONG.iter().map(|(_, law, _)| *law).collect();
    assert_eq!(laws.difference(&broken).collect::<Vec<_>>(), [""; 0].iter().collect::<Vec<_>>());
}
