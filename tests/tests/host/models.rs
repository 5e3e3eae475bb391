//! Learning algorithms: models as handles, what becomes of them, and destructors that misbehave.

use hal9_host::{Call, Error, FailureCode, Kind, Limit, TrainingBatch};

use crate::lab::{Lab, hurried, limit};

fn batch(targets: &[f32]) -> TrainingBatch {
    TrainingBatch { features: vec![0.0; targets.len() * 2], dimensions: 2, targets: targets.to_vec() }
}

#[tokio::test]
async fn models_learn_each_for_itself_and_can_be_saved() {
    let lab = Lab::shared();
    let plugin = lab.load("learning-algorithm");
    let call = &mut Call::new();
    assert_eq!(plugin.kinds(), [Kind::LearningAlgorithm]);
    assert_eq!(plugin.describe_algorithm(call).await.unwrap().name, "mean");
    let mut model = plugin.create_model(call, "{}").await.unwrap();
    let mut other = plugin.create_model(call, "{}").await.unwrap();
    let report = model.train(call, &batch(&[1.0, 3.0])).await.unwrap();
    assert_eq!((report.samples, report.loss), (2, 2.0));
    assert_eq!(model.train(call, &batch(&[])).await.unwrap().samples, 2);
    other.train(call, &batch(&[7.0])).await.unwrap();
    assert_eq!(model.predict(call, &[0.0; 6], 2).await.unwrap().targets, [2.0; 3]);
    assert_eq!(other.predict(call, &[0.0; 2], 2).await.unwrap().targets, [7.0]);
    assert!(model.predict(call, &[], 0).await.unwrap().targets.is_empty());

    let saved = model.save(call).await.unwrap();
    let copy = plugin.load_model(call, &saved).await.unwrap();
    model.train(call, &batch(&[2.5])).await.unwrap();
    assert_eq!(copy.predict(call, &[0.0; 2], 2).await.unwrap().targets, [2.0], "a copy is one of its own");
}

#[tokio::test]
async fn what_makes_no_model_or_no_batch_is_told() {
    let lab = Lab::shared();
    let plugin = lab.load("learning-algorithm");
    let call = &mut Call::new();
    let mut model = plugin.create_model(call, "{}").await.unwrap();
    let ragged = TrainingBatch { dimensions: 3, ..batch(&[1.0, 2.0]) };
    let errors = [
        plugin.create_model(call, "{").await.unwrap_err(),
        plugin.create_model(call, "[]").await.unwrap_err(),
        plugin.load_model(call, b"what?").await.unwrap_err(),
        model.train(call, &ragged).await.unwrap_err(),
        model.predict(call, &[0.0; 3], 2).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::Failed { code: FailureCode::InvalidInput, .. }), "{error}");
    }
    model.train(call, &batch(&[1.0])).await.unwrap();

    let few = plugin.create_model(call, r#"{"predict":"few"}"#).await.unwrap();
    let error = few.predict(call, &[0.0; 6], 2).await.unwrap_err();
    assert!(matches!(&error, Error::BadReply { reason, .. } if reason.contains("2 predictions")), "{error}");
}

#[tokio::test]
async fn models_go_with_their_instance_and_say_so() {
    let lab = Lab::shared();
    let plugin = lab.load("learning-algorithm");
    let call = &mut Call::new();
    let mut good = plugin.create_model(call, "{}").await.unwrap();
    good.train(call, &batch(&[4.0])).await.unwrap();
    let saved = good.save(call).await.unwrap();
    let mut bad = plugin.create_model(call, r#"{"train":"panic"}"#).await.unwrap();
    let error = bad.train(call, &batch(&[1.0])).await.unwrap_err();
    assert!(matches!(error, Error::Trapped { .. }), "{error:?}");

    let new = plugin.load_model(call, &saved).await.unwrap();
    for error in [
        good.train(call, &batch(&[1.0])).await.unwrap_err(),
        good.predict(call, &[0.0; 2], 2).await.unwrap_err(),
        good.save(call).await.unwrap_err(),
    ] {
        assert!(matches!(&error, Error::Unavailable { what, .. } if what.contains("the model is gone")), "{error:?}");
    }
    // The handle of a lost model may be the number of a new one: letting go of it must not let go of that.
    drop((good, bad));
    assert_eq!(new.predict(call, &[0.0; 2], 2).await.unwrap().targets, [4.0]);
    assert_eq!(new.predict(call, &[0.0; 2], 2).await.unwrap().targets, [4.0]);
    assert_eq!(plugin.stats().instances, 2);
}

#[tokio::test]
async fn a_model_that_is_let_go_frees_the_guest_s_side() {
    let lab = Lab::new();
    let plugin = lab.load("learning-algorithm");
    let call = &mut Call::new();
    let (mut first, second) =
        (plugin.create_model(call, "{}").await.unwrap(), plugin.create_model(call, "{}").await.unwrap());
    first.train(call, &batch(&[1.0, 1.0, 1.0])).await.unwrap();
    drop(first);
    second.save(call).await.unwrap();
    assert_eq!(lab.log.messages(), ["dropped after 3 samples"]);
    drop(plugin.create_model(call, "{}").await.unwrap());
    let third = plugin.create_model(call, "{}").await.unwrap();
    assert_eq!(lab.log.messages(), ["dropped after 0 samples"], "a call that makes a model frees others as well");
    drop((second, third));
    plugin.describe_algorithm(call).await.unwrap();
    plugin.load_model(call, b"[1,2.0]").await.unwrap();
    assert_eq!(lab.log.messages().len(), 2);
}

#[tokio::test]
async fn a_constructor_or_destructor_that_goes_wrong_is_held_like_any_call() {
    let lab = Lab::shared();
    let plugin = lab.load_with("learning-algorithm", hurried()).unwrap();
    let other = lab.load("echo");
    let call = &mut Call::new();
    assert_eq!(limit(&plugin.create_model(call, r#"{"create":"spin"}"#).await.unwrap_err()), Limit::Deadline);

    let model = plugin.create_model(call, "{}").await.unwrap();
    drop(plugin.create_model(call, r#"{"drop":"spin"}"#).await.unwrap());
    assert_eq!(limit(&model.save(call).await.unwrap_err()), Limit::Deadline);

    let model = plugin.create_model(call, "{}").await.unwrap();
    drop(plugin.create_model(call, r#"{"drop":"panic"}"#).await.unwrap());
    let error = model.save(call).await.unwrap_err();
    assert!(
        matches!(&error, Error::Trapped { stderr, .. } if stderr.contains("the destructor was asked to")),
        "{error:?}"
    );

    let model = plugin.create_model(call, "{}").await.unwrap();
    model.save(call).await.unwrap();
    assert_eq!(crate::lab::answer(&other, "hello").await, "hello");
    assert_eq!(plugin.stats().instances, 4);
}
