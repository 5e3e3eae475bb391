use super::*;

fn circuit(failures: u32, cooldown: Duration) -> Circuit {
    Circuit::new(Breaker { failures, cooldown }, 1)
}

fn trial(circuit: &Circuit) -> Trial<'_> {
    Trial { circuit, number: circuit.lock().trials, since: Instant::now() }
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn failures_in_a_row_open_it_once_and_a_success_between_does_not() {
    let circuit = circuit(3, HOUR);
    for _ in 0..2 {
        assert_eq!(circuit.failed(1, None, true), None);
        assert_eq!(circuit.failed(1, None, true), None);
        assert_eq!(circuit.succeeded(1, None), None);
    }
    assert!(!circuit.is_troubled());
    circuit.failed(1, None, true);
    circuit.failed(1, None, true);
    circuit.check().unwrap();
    assert_eq!(circuit.failed(1, None, true), Some(Change::Opened(HOUR, 3)));
    assert!(matches!(circuit.check(), Err(Refused::Resting(left)) if left <= HOUR));
    assert!(circuit.admit().is_err());
    assert_eq!(circuit.health(), Health::Resting);
    assert_eq!(circuit.succeeded(1, None), None, "it began before");
    assert!(circuit.check().is_err());
    assert_eq!(circuit.reset(), Some(Change::Closed));
    assert!(circuit.admit().unwrap().is_none());
}

#[test]
fn one_call_tries_it_and_others_are_refused_until_it_is_over() {
    let circuit = circuit(1, Duration::ZERO);
    assert!(circuit.failed(1, None, true).is_some());
    let trial = circuit.admit().unwrap();
    assert!(trial.is_some());
    assert_eq!(circuit.check(), Err(Refused::Tried));
    assert_eq!(circuit.admit().err(), Some(Refused::Tried));
    drop(trial);
    let trial = circuit.admit().unwrap();
    assert_eq!(circuit.succeeded(1, trial), Some(Change::Closed));
    assert_eq!(circuit.health(), Health::Healthy);
}

#[test]
fn each_trial_that_fails_doubles_the_rest_up_to_a_minute() {
    let circuit = circuit(1, Duration::from_secs(25));
    circuit.failed(1, None, true);
    let mut rests = Vec::new();
    for _ in 0..3 {
        // As if the rest were over.
        circuit.lock().state = State::Trial;
        assert_eq!(circuit.failed(1, Some(trial(&circuit)), true), None, "on record already");
        rests.push(circuit.lock().rest.as_secs());
    }
    assert_eq!(rests, [50, 60, 60]);
    circuit.lock().state = State::Trial;
    circuit.succeeded(1, Some(trial(&circuit)));
    assert_eq!(circuit.lock().rest.as_secs(), 25);
}

#[test]
fn one_that_never_opens_never_opens() {
    let circuit = Circuit::new(Breaker::never(), 1);
    for _ in 0..100 {
        assert_eq!(circuit.failed(1, None, true), None);
    }
    circuit.check().unwrap();
    assert_eq!(circuit.health(), Health::Failing);
}

#[test]
fn what_an_earlier_version_does_changes_nothing() {
    let breaker = Breaker { failures: 1, cooldown: Duration::ZERO };
    let circuit = Circuit::new(breaker, 1);
    circuit.failed(1, None, true);
    let old = circuit.admit().unwrap();
    circuit.set(breaker, 2);
    circuit.reset();
    assert_eq!(circuit.failed(1, None, true), None);
    circuit.interrupted(1);
    assert_eq!((circuit.is_troubled(), circuit.health()), (false, Health::Healthy));
    assert!(circuit.failed(2, None, true).is_some());
    let new = circuit.admit().unwrap();
    drop(old);
    assert_eq!(circuit.check(), Err(Refused::Tried), "it is the new version that is tried");
    assert_eq!(circuit.succeeded(2, new), Some(Change::Closed));
}

#[test]
fn a_start_makes_up_for_starts_that_failed_and_for_nothing_else() {
    let circuit = circuit(3, Duration::ZERO);
    circuit.not_started(1, None, true);
    circuit.not_started(1, None, false);
    circuit.started(1, None);
    assert!(!circuit.is_troubled());
    circuit.failed(1, None, true);
    circuit.not_started(1, None, false);
    circuit.started(1, None);
    assert!(circuit.is_troubled());
    assert_eq!(circuit.failed(1, None, true), None, "two in a row");
    assert!(circuit.failed(1, None, true).is_some());
    let trial = circuit.admit().unwrap();
    assert_eq!(circuit.started(1, trial), None);
    assert_eq!(circuit.health(), Health::Resting);
}

#[test]
fn a_trial_that_asked_nothing_prolongs_no_rest() {
    let circuit = circuit(1, Duration::ZERO);
    circuit.failed(1, None, true);
    let before = circuit.lock().state;
    circuit.admit().unwrap().unwrap().untried();
    assert_eq!(circuit.lock().state, before);
    drop(circuit.admit().unwrap());
    assert_ne!(circuit.lock().state, before);
}
