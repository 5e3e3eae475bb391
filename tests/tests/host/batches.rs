//! Many signals on their way at once: in as few calls as fit, in order, and as bounded as one.

use std::ops::Range;

use hal9_host::{BatchDelivery, Error, Limit, LoadOptions, Plugin, RoutedBatch, Signal, SignalBatch};
use hal9_package::{ByteSize, LimitOverrides};
use serde_json::json;

use crate::lab::{Lab, capped, described, hurried, limit, neuron};

async fn emitter(lab: &Lab, id: &str, layer: &str) -> Plugin {
    lab.activate("uses-signals", described(neuron(id, layer, &["Hal9Signal"]))).await
}

fn batch<T: AsRef<str>>(contents: impl IntoIterator<Item = T>) -> SignalBatch {
    let mut batch = SignalBatch::new();
    for (row, content) in (0..).zip(contents) {
        batch.push((7, row), 0, "text", content.as_ref());
    }
    batch
}

/// A batch of orders for emitters.
fn orders(orders: impl IntoIterator<Item = serde_json::Value>) -> SignalBatch {
    batch(orders.into_iter().map(|order| order.to_string()))
}

/// Who got how many rows, on which hop.
fn got(routed: &RoutedBatch) -> Vec<(&str, u32, usize)> {
    routed.deliveries.iter().map(|it| (it.plugin.as_str(), it.hop, it.batch.rows())).collect()
}

fn rows(delivery: &BatchDelivery) -> Vec<Range<usize>> {
    delivery.parts.iter().map(|part| part.rows.clone()).collect()
}

fn contents(batch: &SignalBatch) -> Vec<String> {
    batch.signals().map(|signal| signal.content).collect()
}

#[tokio::test]
async fn all_rows_go_to_every_active_neuron_of_the_layer_in_one_call() {
    let lab = Lab::new();
    let echo = lab.activate("echo", LoadOptions::declared()).await;
    let counter = lab.activate("two-kinds", LoadOptions::declared()).await;
    let signals: Vec<_> = (0..2_000)
        .map(|n| {
            let odd = (n % 2 == 1).then(|| ("odd".to_owned(), format!("{n} ist ungerade – é")));
            Signal { metadata: odd.into_iter().collect(), ..Signal::text(&format!("Nr. {n} \u{1f980}")) }
        })
        .collect();
    let batch = SignalBatch::from_signals(&signals).unwrap();
    let routed = lab.manager.send_batch("L2", None, batch.clone()).await.unwrap();
    assert_eq!(got(&routed), [("test.echo", 0, 2_000), ("test.two-kinds", 0, 2_000)]);
    assert_eq!((echo.stats().calls, counter.stats().calls), (1, 1));
    for delivery in &routed.deliveries {
        assert_eq!((delivery.layer.as_str(), &rows(delivery)[..]), ("L2", std::slice::from_ref(&(0..2_000))));
        assert!(delivery.parts[0].peak_memory > 0 && !delivery.parts[0].elapsed.is_zero());
        let replies: Vec<_> = delivery.replies().collect();
        assert_eq!(replies.len(), signals.len());
        for ((row, reply), signal) in replies.iter().zip(&signals) {
            assert_eq!((&signals[*row], reply), (signal, signal));
        }
    }

    let routed = lab.manager.send_batch("L2", Some("counter"), batch).await.unwrap();
    assert_eq!(got(&routed), [("test.two-kinds", 0, 2_000)]);
}

#[tokio::test]
async fn what_cannot_be_sent_is_told_before_anybody_is_asked() {
    let lab = Lab::new();
    let echo = lab.activate("echo", LoadOptions::declared()).await;
    let error = lab.manager.send_batch("L9", None, batch(["x"])).await.unwrap_err();
    assert!(matches!(&error, Error::NotFound { help, .. } if help.contains("L2")), "{error:?}");
    let mut broken = batch(["x", "y"]);
    broken.timestamps.pop();
    let error = lab.manager.send_batch("L2", None, broken).await.unwrap_err();
    assert!(matches!(&error, Error::InvalidInput { what, .. } if what.contains("`ids` has 4")), "{error:?}");
    let routed = lab.manager.send_batch("L2", None, SignalBatch::new()).await.unwrap();
    assert!(routed.deliveries[0].parts.is_empty() && routed.dropped.is_empty());
    assert_eq!(echo.stats().calls, 0);
}

#[tokio::test]
async fn a_failure_concerns_the_rows_of_its_call_and_no_other_neuron() {
    let lab = Lab::new();
    let faults = lab.activate("faults", LoadOptions::declared()).await;
    lab.activate("echo", LoadOptions::declared()).await;
    let routed = lab.manager.send_batch("L2", None, batch(["a", "fail", "c"])).await.unwrap();
    let failures: Vec<_> = routed.deliveries[0].failures().collect();
    assert!(
        matches!(&failures[..], [(rows, Error::Failed { message, .. })] if *rows == (0..3) && message.contains("row 1")),
        "{failures:?}"
    );
    assert_eq!(routed.deliveries[0].replies().count(), 0);
    assert_eq!(routed.deliveries[1].replies().count(), 3, "the other one answers");
    assert_eq!(faults.stats().calls, 1, "nothing is sent again");

    let texts: Vec<_> = (0..10_000).map(|n| if n == 5_000 { "panic".to_owned() } else { n.to_string() }).collect();
    let routed = lab.manager.send_batch("L2", None, batch(&texts)).await.unwrap();
    let [broken, sound] = &routed.deliveries[..] else { panic!("{routed:?}") };
    for delivery in [broken, sound] {
        assert_eq!(rows(delivery), [0..4_096, 4_096..8_192, 8_192..10_000]);
    }
    let failures: Vec<_> = broken.failures().collect();
    assert!(matches!(&failures[..], [(rows, Error::Trapped { .. })] if *rows == (4_096..8_192)), "{failures:?}");
    let expected: Vec<_> = (0..4_096).chain(8_192..10_000).map(|row| (row, texts[row].clone())).collect();
    assert_eq!(broken.replies().map(|(row, reply)| (row, reply.content)).collect::<Vec<_>>(), expected);
    assert!(sound.replies().map(|(row, reply)| (row, reply.content)).eq(texts.iter().cloned().enumerate()));
    let stats = faults.stats();
    assert_eq!((stats.calls, stats.traps, stats.instances), (4, 1, 2));
}

#[tokio::test]
async fn a_batch_is_cut_so_that_it_fits_the_plugin_s_memory() {
    let lab = Lab::new();
    let caps = LimitOverrides { memory: Some(ByteSize::mib(6)), ..LimitOverrides::default() };
    let echo = lab.activate("echo", capped(caps)).await;
    let mut sizes = vec![150 << 10; 40];
    sizes.extend([3 << 20, 900 << 10, 1, 3 << 20, 3 << 20, 1]);
    let batch = batch(sizes.iter().zip(('a'..='z').cycle()).map(|(size, letter)| letter.to_string().repeat(*size)));
    assert!(batch.contents.text.len() > 6 << 20, "more than all of its memory");
    let routed = lab.manager.send_batch("L2", None, batch.clone()).await.unwrap();
    let [delivery] = &routed.deliveries[..] else { panic!("{routed:?}") };
    let fives = (0..8).map(|part| part * 5..part * 5 + 5);
    let expected: Vec<_> = fives.chain([40..41, 41..42, 42..43, 43..45, 45..46]).collect();
    assert_eq!(rows(delivery), expected, "an eighth of its memory at once, or a row that needs more");
    let refused: Vec<_> = delivery.failures().map(|(rows, error)| (rows, limit(error))).collect();
    assert_eq!(refused, [(40..41, Limit::Size), (43..45, Limit::Size)], "rows over `signal_bytes`, alone");
    for (row, reply) in delivery.replies() {
        assert_eq!(Some(reply), batch.signal(row));
    }
    let stats = echo.stats();
    assert_eq!((stats.calls, stats.errors, stats.instances), (11, 0, 1));
}

#[tokio::test]
async fn who_uses_up_its_time_gets_fewer_rows_at_once() {
    let lab = Lab::new();
    lab.activate("faults", hurried()).await;
    let texts = (0..8_192).map(|n| if n == 9 { "spin" } else { "x" });
    let routed = lab.manager.send_batch("L2", None, batch(texts)).await.unwrap();
    let parts = &routed.deliveries[0].parts;
    assert_eq!((parts[0].rows.clone(), parts[1].rows.clone()), (0..4_096, 4_096..6_144));
    assert_eq!(limit(parts[0].outcome.as_ref().unwrap_err()), Limit::Deadline);
    assert!(parts[1..].iter().all(|part| part.outcome.is_ok()));
}

#[tokio::test]
async fn what_neurons_emit_goes_on_as_a_batch_for_each_hop_and_layer() {
    let lab = Lab::new();
    emitter(&lab, "test.first", "L2").await;
    emitter(&lab, "test.second", "L2").await;
    emitter(&lab, "test.third", "L3").await;
    emitter(&lab, "test.fourth", "L4").await;
    let on = |n| json!({ "layer": "L4", "content": format!("to the end {n}") });
    let batch = orders([
        json!({ "layer": "L3", "content": on(0).to_string() }),
        on(1),
        json!({ "layer": "L3", "content": on(2).to_string(), "count": 2 }),
    ]);
    let routed = lab.manager.send_batch("L2", None, batch.clone()).await.unwrap();
    let expected = [
        ("test.first", 0, 3),
        ("test.second", 0, 3),
        ("test.third", 1, 6),
        ("test.fourth", 1, 2),
        ("test.fourth", 2, 6),
    ];
    assert_eq!(got(&routed), expected);
    let sent = |delivery: usize| contents(&routed.deliveries[delivery].batch);
    let third = [on(0), on(2), on(2), on(0), on(2), on(2)];
    assert_eq!(sent(2), third.map(|order| order.to_string()), "in order, of the first neuron and then of the second");
    assert_eq!(sent(4), [0, 2, 2, 0, 2, 2].map(|n| format!("to the end {n}")));
    let ids: Vec<_> = (0..6).map(|row| routed.deliveries[4].batch.id(row).unwrap()).collect();
    assert_eq!(ids, [0, 2, 2, 0, 2, 2].map(|row| (7, row)), "each with its own id");
    assert!(routed.dropped.is_empty());
}

#[tokio::test]
async fn each_row_may_emit_what_a_signal_may_and_those_of_a_call_that_failed_go_nowhere() {
    let lab = Lab::new();
    emitter(&lab, "test.first", "L2").await;
    emitter(&lab, "test.second", "L3").await;
    let order = |then| json!({ "layer": "L3", "content": "x", "count": 3, "then": then });
    let routed = lab.manager.send_batch("L2", None, orders((0..100).map(|_| order("")))).await.unwrap();
    assert_eq!(got(&routed), [("test.first", 0, 100), ("test.second", 1, 300)]);
    assert!(routed.deliveries[0].replies().all(|(_, reply)| reply.content == "None"), "none was refused");

    for then in ["fail", "panic"] {
        let routed = lab.manager.send_batch("L2", None, orders([order(""), order(then)])).await.unwrap();
        assert_eq!((got(&routed), routed.dropped.len()), (vec![("test.first", 0, 2)], 0), "{then}");
    }
    let order = json!({ "layer": "L9", "content": "", "count": 5 });
    let routed = lab.manager.send_batch("L2", None, orders([order.clone(), order])).await.unwrap();
    let [dropped] = &routed.dropped[..] else { panic!("{routed:?}") };
    assert_eq!((dropped.plugin.as_str(), dropped.layer.as_str(), dropped.signals), ("test.first", "L9", 10));
    assert!(dropped.reason.contains("no active neuron"), "{dropped:?}");
}

#[tokio::test]
async fn a_batch_that_is_sent_on_and_on_ends_after_eight_hops() {
    let lab = Lab::new();
    let plugin = emitter(&lab, "test.loop", "L2").await;
    let routed = lab
        .manager
        .send_batch("L2", None, orders([json!({ "layer": "L2" }), json!({}), json!({ "layer": "L2" })]))
        .await;
    let routed = routed.unwrap();
    let expected: Vec<_> = (0..=8).map(|hop| ("test.loop", hop, if hop == 0 { 3 } else { 2 })).collect();
    assert_eq!(got(&routed), expected);
    assert_eq!(routed.dropped.iter().map(|dropped| dropped.signals).sum::<usize>(), 2);
    assert!(routed.dropped[0].reason.contains("8 times"), "{:?}", routed.dropped);
    assert_eq!((plugin.stats().calls, plugin.stats().errors), (9, 0));
}

#[tokio::test]
async fn a_batch_that_multiplies_ends_after_so_many_deliveries_of_a_row() {
    let lab = Lab::new();
    for id in ["test.a", "test.b", "test.c"] {
        emitter(&lab, id, "L2").await;
    }
    for first in [1, 2] {
        let batch = orders((0..first).map(|_| json!({ "layer": "L2", "count": 8 })));
        let routed = lab.manager.send_batch("L2", None, batch).await.unwrap();
        let delivered: usize = got(&routed).iter().map(|(_, _, rows)| rows).sum();
        assert!((first * 1_000..=first * 1_024).contains(&delivered), "{delivered}");
        assert!(routed.dropped.iter().any(|dropped| dropped.reason.contains("1024")), "{:?}", routed.dropped);
        assert!(routed.deliveries.iter().all(|delivery| delivery.failures().count() == 0));
        assert!(routed.deliveries.len() <= 9 * 3, "a batch for each neuron and hop");
    }
}

#[tokio::test]
async fn a_reply_that_breaks_the_contract_is_a_bad_reply_of_that_delivery() {
    let lab = Lab::new();
    lab.activate("bad-reply", described(neuron("test.bad-reply", "L2", &[]))).await;
    lab.activate("echo", LoadOptions::declared()).await;
    // The texts of a batch together say what is to be wrong.
    for (texts, says) in [(["ids", "x"], "other ids"), (["rows", "x"], "`ids` has 4"), (["ends", "x"], "`contents`")] {
        let routed = lab.manager.send_batch("L2", None, batch(texts)).await.unwrap();
        let [bad, good] = &routed.deliveries[..] else { panic!("{routed:?}") };
        let failures: Vec<_> = bad.failures().collect();
        assert!(
            matches!(&failures[..], [(rows, Error::BadReply { reason, .. })] if *rows == (0..2) && reason.contains(says)),
            "{failures:?}"
        );
        assert_eq!(good.replies().count(), 2);
    }
}

/// A batch may be sent from any task.
#[test]
fn sending_is_work_for_any_thread() {
    fn is_send<T: Send>(_: &T) {}
    let lab = Lab::new();
    is_send(&lab.manager.send("L2", None, Signal::text("x")));
    is_send(&lab.manager.send_batch("L2", None, SignalBatch::new()));
}
