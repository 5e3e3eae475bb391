//! Signals in columns and back.

use hal9_plugin_sdk::bindings::imports::hal9::plugin::types;
use hal9_plugin_sdk::*;

fn signals() -> [PluginSignal; 3] {
    [
        PluginSignal { timestamp: 1, ..PluginSignal::new("text", "eins").with("lang", "de") },
        PluginSignal { timestamp: 2, ..PluginSignal::new("", "").with("score", "0.5") },
        PluginSignal {
            timestamp: 3,
            ..PluginSignal::new("text", "tr\u{ea}s").with("lang", "pt").with("b", "1").with("a", "2")
        },
    ]
}

#[test]
fn signals_survive_the_way_into_a_batch_and_out_of_it() -> Result<(), PluginError> {
    let signals = signals();
    let batch = SignalBatch::from_signals(signals.clone())?;
    assert_eq!(batch.signals().collect::<Vec<_>>(), signals);
    assert_eq!(
        batch.columns().iter().map(|column| column.name.as_str()).collect::<Vec<_>>(),
        ["lang", "score", "a", "b"]
    );
    let back = SignalBatch::try_from(types::SignalBatch::from(batch.clone()))?;
    assert_eq!(back, batch);
    Ok(())
}

#[test]
fn a_row_reads_its_columns_in_place() -> Result<(), PluginError> {
    let mut batch = SignalBatch::from_signals(signals())?;
    batch.set_numbers("score", vec![0.25, f32::NAN, -1.0])?;
    let row = batch.row(2).expect("three rows");
    assert_eq!(
        (row.id(), row.content(), row.signal_type(), row.timestamp()),
        (batch.signals().nth(2).expect("three rows").id, "tr\u{ea}s", "text", 3)
    );
    assert_eq!(
        (row.fact("score").as_deref(), row.fact("lang").as_deref(), row.fact("none")),
        (Some("-1"), Some("pt"), None)
    );
    assert_eq!(batch.row(1).expect("three rows").facts().count(), 0);
    assert!(batch.row(3).is_none());
    assert_eq!(batch.rows().rev().map(|row| row.timestamp()).collect::<Vec<_>>(), [3, 2, 1]);
    Ok(())
}

#[test]
fn columns_are_set_only_in_step() -> Result<(), PluginError> {
    let mut batch = SignalBatch::from_signals(signals())?;
    let before = batch.clone();
    assert!(
        batch.set_numbers("n", vec![0.0; 2]).is_err_and(|error| error.message.contains("2 values for a batch of 3"))
    );
    assert!(batch.set_texts("t", TextColumn::new()).is_err());
    assert!(batch.set_contents(TextColumn::from_texts(["a"])?).is_err());
    assert!(batch.set_signal_types(TextColumn::new()).is_err());
    assert!(batch.set_timestamps(vec![0; 4]).is_err());
    assert_eq!(batch, before);

    batch.set_contents(TextColumn::from_texts(["a", "b", "c"])?)?;
    batch.set_signal_type("letter")?;
    batch.set_timestamps(vec![7; 3])?;
    batch.set_texts("lang", TextColumn::from_texts(["x", "", "z"])?)?;
    assert!(batch.remove_column("a").is_some() && batch.remove_column("a").is_none());
    let row = batch.row(0).expect("three rows");
    assert_eq!(
        (row.content(), row.signal_type(), row.timestamp(), row.fact("lang").as_deref()),
        ("a", "letter", 7, Some("x"))
    );
    assert_eq!((batch.numbers("lang"), batch.texts("lang").map(TextColumn::len)), (None, Some(3)));
    Ok(())
}

#[test]
fn a_column_of_numbers_takes_rows_until_one_is_none() -> Result<(), PluginError> {
    let mut batch = SignalBatch::from_signals([PluginSignal::new("", "")])?;
    batch.set_numbers("n", vec![0.5])?;
    batch.push(PluginSignal::new("", "").with("n", "2"))?;
    batch.push(PluginSignal::new("", ""))?;
    assert!(matches!(batch.numbers("n"), Some([0.5, 2.0, last]) if last.is_nan()));
    batch.push(PluginSignal::new("", "").with("n", "many"))?;
    assert_eq!(batch.texts("n").expect("texts").iter().collect::<Vec<_>>(), ["0.5", "2", "", "many"]);
    Ok(())
}

#[test]
fn names_that_differ_in_every_row_are_refused_before_they_fill_the_memory() -> Result<(), PluginError> {
    let mut batch = SignalBatch::new();
    for n in 0..256 {
        batch.push(PluginSignal::new("", "").with(format!("name-{n}"), "x"))?;
    }
    let before = batch.clone();
    let refused = batch.push(PluginSignal::new("", "").with("name-1", "y").with("one too many", "x"));
    assert_eq!(refused.map_err(|error| error.code), Err(ErrorCode::LimitExceeded));
    assert_eq!(batch, before);
    batch.push(PluginSignal::new("", "").with("name-1", "y").with("name-255", "z"))
}

#[test]
fn of_columns_with_one_name_the_last_one_counts() -> Result<(), PluginError> {
    let numbers = |name: &str, number| types::Column {
        name: name.to_string(),
        values: types::ColumnValues::Numbers(vec![number]),
    };
    let mut wire = types::SignalBatch::from(SignalBatch::from_signals([PluginSignal::new("", "")])?);
    wire.metadata = vec![numbers("a", 1.0), numbers("b", 2.0), numbers("a", 3.0)];
    let batch = SignalBatch::try_from(wire)?;
    assert_eq!(
        (batch.numbers("a"), batch.numbers("b"), batch.columns().len()),
        (Some(&[3.0][..]), Some(&[2.0][..]), 2)
    );
    Ok(())
}

/// A neuron without a `process_batch` of its own: what one row said and what was answered to it must not show in the next.
#[test]
fn rows_that_are_answered_one_after_the_other_know_nothing_of_each_other() -> Result<(), PluginError> {
    #[derive(Default)]
    struct Notes;

    impl NeuronPlugin for Notes {
        fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
            let mut seen: Vec<_> = signal.metadata.iter().map(|(name, value)| format!("{name}={value}")).collect();
            seen.sort_unstable();
            let content = format!("{}|{}", signal.content, seen.join(","));
            let reply = PluginSignal { content, ..signal };
            Ok(if reply.content.starts_with('x') { reply.with("mark", "set").with("a", "changed") } else { reply })
        }
    }

    let mut batch = SignalBatch::from_signals([
        PluginSignal::new("text", "x and a long text").with("a", "1").with("b", "2"),
        PluginSignal::new("", "y").with("a", "3"),
        PluginSignal::new("note", ""),
        PluginSignal::new("text", "x").with("c", "4"),
        PluginSignal::new("text", "z").with("a", "5"),
    ])?;
    batch.set_numbers("n", vec![f32::NAN, 1.5, f32::NAN, f32::NAN, -2.0])?;
    let ids = batch.ids().to_vec();
    let replies = Notes.process_batch(batch)?;
    assert_eq!(
        replies.contents().iter().collect::<Vec<_>>(),
        ["x and a long text|a=1,b=2", "y|a=3,n=1.5", "|", "x|c=4", "z|a=5,n=-2"]
    );
    assert_eq!(replies.signal_types().iter().collect::<Vec<_>>(), ["text", "", "note", "text", "text"]);
    assert_eq!(replies.ids(), ids);
    let marks: Vec<_> =
        replies.rows().map(|row| (row.fact("mark").is_some(), row.fact("a").map(String::from))).collect();
    let expected = [Some("changed"), Some("3"), None, Some("changed"), Some("5")];
    assert_eq!(marks, expected.map(|a| (a == Some("changed"), a.map(str::to_string))));
    Ok(())
}

#[test]
fn a_signal_that_does_not_fit_leaves_the_batch_as_it_was() -> Result<(), PluginError> {
    let mut batch = SignalBatch::new();
    for name in 0..256 {
        batch.push(PluginSignal::new("", "").with(name.to_string(), "x"))?;
    }
    let before = batch.clone();
    let refused = batch.push(PluginSignal::new("text", "more").with("0", "known").with("new", "x"));
    assert!(refused.is_err_and(|error| error.code == ErrorCode::LimitExceeded));
    assert_eq!(batch, before);
    batch.push(PluginSignal::new("text", "more").with("0", "known"))
}
