use super::*;

fn batch() -> SignalBatch {
    let mut batch = SignalBatch::new();
    batch.push((1, 2), 3, "text", "schön");
    batch.push((4, 5), 6, "", "");
    batch
}

fn signal(content: &str, metadata: &[(&str, &str)]) -> Signal {
    let metadata = metadata.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Signal { metadata: metadata.collect(), ..Signal::text(content) }
}

#[test]
fn rows_come_back_as_they_went_in() {
    let batch = batch();
    batch.check().unwrap();
    assert_eq!((batch.contents.get(0), batch.contents.get(1), batch.contents.get(2)), (Some("schön"), Some(""), None));
    SignalBatch::new().check().unwrap();
}

#[test]
fn every_way_to_be_inconsistent_is_found() {
    type Breakage = fn(&mut SignalBatch);
    let breakages: [(&str, Breakage); 6] = [
        ("`ids` has 3", |batch| batch.ids.truncate(3)),
        ("`contents` has 1 rows", |batch| batch.contents.ends.truncate(1)),
        ("`contents`, row 0", |batch| batch.contents.ends[0] = 4),
        ("`contents`, row 1", |batch| batch.contents.ends[1] = 2),
        ("`contents` ends at 6", |batch| batch.contents.text.push('x')),
        ("`score` has 1 rows", |batch| {
            batch.metadata.push(Column { name: "score".into(), values: ColumnValues::Numbers(vec![0.5]) });
        }),
    ];
    for (expected, break_it) in breakages {
        let mut batch = batch();
        break_it(&mut batch);
        let error = batch.check().unwrap_err();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn signals_survive_the_way_into_a_batch_and_out_of_it() {
    let signals = [
        signal("eins", &[("lang", "de"), ("b", "1")]),
        signal("", &[]),
        signal("tr\u{ea}s \u{1f980}", &[("score", "0.5"), ("lang", "pt")]),
        signal("x", &[("lang", "en"), ("b", "2")]),
    ];
    let batch = SignalBatch::from_signals(&signals).unwrap();
    batch.check().unwrap();
    let names: Vec<_> = batch.metadata.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["lang", "b", "score"]);
    let back: Vec<_> = batch.signals().collect();
    for (signal, back) in signals.iter().zip(&back) {
        let sorted = |signal: &Signal| {
            let mut metadata = signal.metadata.clone();
            metadata.sort();
            Signal { metadata, ..signal.clone() }
        };
        assert_eq!(sorted(signal), sorted(back));
    }
    assert_eq!((back.len(), batch.signal(4)), (4, None));
}

#[test]
fn of_a_name_given_twice_the_last_one_counts() {
    let batch = SignalBatch::from_signals([&signal("x", &[("a", "1"), ("a", "22"), ("a", "3")])]).unwrap();
    batch.check().unwrap();
    assert_eq!(batch.signal(0).unwrap().metadata, [("a".to_owned(), "3".to_owned())]);
}

#[test]
fn a_column_of_numbers_takes_numbers_and_becomes_one_of_texts_for_others() {
    let mut batch = batch();
    batch.metadata = vec![Column { name: "score".into(), values: ColumnValues::Numbers(vec![0.5, f32::NAN]) }];
    batch.push_signal(&signal("", &[("score", "-1")])).unwrap();
    batch.push_signal(&signal("", &[])).unwrap();
    assert!(matches!(batch.column("score"), Some(ColumnValues::Numbers(numbers)) if numbers.len() == 4));
    batch.push_signal(&signal("", &[("score", "high")])).unwrap();
    batch.check().unwrap();
    let scores: Vec<_> =
        (0..5).map(|row| batch.signal(row).unwrap().metadata.pop().map_or(String::new(), |(_, value)| value)).collect();
    assert_eq!(scores, ["0.5", "", "-1", "", "high"]);
}

#[test]
fn names_have_a_bound_and_the_batch_is_then_as_it_was() {
    let mut batch = batch();
    let names: Vec<_> = (0..NAMES).map(|name| name.to_string()).collect();
    for name in &names {
        batch.push_signal(&signal("", &[(name, "x")])).unwrap();
    }
    let before = batch.clone();
    let error = batch.push_signal(&signal("more", &[("0", "known"), ("new", "x")])).unwrap_err();
    assert!(matches!(&error, Error::InvalidInput { what, .. } if what.contains("256")), "{error:?}");
    assert_eq!(batch, before);
    batch.push_signal(&signal("", &[("7", "known")])).unwrap();
    batch.check().unwrap();
    batch.push_signal(&signal("", &[("7", "known"); NAMES + 1])).unwrap_err();
}

#[test]
fn a_slice_is_a_batch_of_its_own() {
    let signals: Vec<_> = ["a", "öö", "", "d"].map(|text| signal(text, &[("n", text)])).into();
    let mut batch = SignalBatch::from_signals(&signals).unwrap();
    batch.metadata.push(Column { name: "at".into(), values: ColumnValues::Numbers(vec![0.0, 1.0, 2.0, 3.0]) });
    for (rows, expected) in [(0..4, 0..4), (1..3, 1..3), (3..9, 3..4), (2..2, 2..2), (7..9, 4..4)] {
        let slice = batch.slice(rows.clone());
        slice.check().unwrap();
        let expected: Vec<_> = batch.signals().skip(expected.start).take(expected.len()).collect();
        assert_eq!(slice.signals().collect::<Vec<_>>(), expected, "{rows:?}");
    }
}

#[test]
fn a_row_weighs_what_its_signal_weighs() {
    let signals = [signal("schön", &[("lang", "de")]), signal("", &[]), signal("x", &[("lang", ""), ("b", "2")])];
    let batch = SignalBatch::from_signals(&signals).unwrap();
    let weights: Vec<_> = (0..3).map(|row| batch.row_bytes(row)).collect();
    // Of the last one, the name is not counted that has no value.
    assert_eq!(weights, [6 + 4 + 6, 4, 1 + 4 + 2]);
}
