//! What must hold after a command was interrupted: the old state or the new one, whole, and the next command works.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::prepared::{Home, Prepared, Scenario};
use super::tracer::{Fault, Traced, run};

/// How many moments each command is killed at, at most: every one where it has fewer.
const KILLS: usize = 130;

/// The status of a command that lacks something of the machine, such as room.
const UNAVAILABLE: i32 = 11;

/// How many moments the disk gets full at, and writes are cut, for each command.
const OTHERS: usize = 20;

/// Installing, upgrading and uninstalling are each interrupted at very many moments.
#[test]
#[expect(clippy::print_stdout, reason = "how many moments were tried is what the test is about")]
fn a_command_may_end_at_any_moment() {
    let prepared = Prepared::new();
    let mut jobs = Vec::new();
    for scenario in &prepared.scenarios {
        let whole = trace(scenario, &scenario.home(), Fault::None);
        assert_eq!(whole.status, Some(0), "{}: {whole:#?}", scenario.name);
        let all = whole.changes.len();
        let room = whole.changes.iter().filter(|change| change.takes_room).count();
        let writes = whole.changes.iter().filter(|change| change.bytes.is_some_and(|bytes| bytes > 1)).count();
        let kills = strided(all, KILLS);
        println!("{}: {all} changes, killed before {} of them", scenario.name, kills.len());
        jobs.extend(kills.into_iter().map(|at| (scenario, Fault::Kill(at))));
        jobs.extend(strided(room, OTHERS).into_iter().map(|at| (scenario, Fault::Full(at))));
        jobs.extend(strided(writes, OTHERS).into_iter().map(|at| (scenario, Fault::Short(at))));
    }
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let (struck, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, |threads| threads.get().clamp(2, 8)) {
            scope.spawn(|| {
                while let Some((scenario, fault)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let home = scenario.home();
                    let traced = trace(scenario, &home, *fault);
                    struck.fetch_add(usize::from(traced.struck.is_some()), Ordering::Relaxed);
                    refused.fetch_add(usize::from(traced.status == Some(UNAVAILABLE)), Ordering::Relaxed);
                    if let Err(problem) = judge(scenario, &home, *fault, &traced) {
                        let at = traced.struck.and_then(|at| traced.changes.get(at));
                        failures.lock().unwrap().push(format!(
                            "{} with {fault:?} at {at:?}: {problem}\n{}{}",
                            scenario.name, traced.stdout, traced.stderr
                        ));
                    }
                }
            });
        }
    });
    let (struck, refused) = (struck.into_inner(), refused.into_inner());
    let failures = failures.into_inner().unwrap();
    println!("{struck} moments were tried, and {refused} commands refused to go on with a full disk");
    assert!(failures.is_empty(), "{} of {struck}:\n{}", failures.len(), failures.join("\n"));
    assert!(struck >= 300, "only {struck} moments were tried");
    assert!(refused > 0, "a full disk is no matter to any command");
}

/// At most so many of `0..all`, in even strides.
fn strided(all: usize, most: usize) -> Vec<usize> {
    (0..all).step_by(all.div_ceil(most).max(1)).collect()
}

fn trace(scenario: &Scenario, home: &Home, fault: Fault) -> Traced {
    run(&home.command(&scenario.args), home.path(), fault)
}

/// What is wrong after a command, if anything.
fn judge(scenario: &Scenario, home: &Home, fault: Fault, traced: &Traced) -> Result<(), String> {
    let is_acknowledged = traced.stdout.ends_with("}\n");
    match fault {
        Fault::Kill(_) if traced.struck.is_some() => ensure(traced.status.is_none(), "it was killed and goes on")?,
        Fault::Full(_) if traced.struck.is_some() => {
            // What is not needed, such as the cache, may be left out.
            let failed = traced.status == Some(UNAVAILABLE) && traced.stderr.contains("\"help\"");
            ensure(failed || traced.status == Some(0), &format!("it ends with {:?}", traced.status))?;
            ensure(is_acknowledged == (traced.status == Some(0)), "it says that it succeeded")?;
        }
        _ => ensure(traced.status == Some(0) && is_acknowledged, &format!("it ends with {:?}", traced.status))?,
    }
    let found = home.versions()?;
    ensure(found == scenario.old || found == scenario.new, &format!("the home has {found:?}"))?;
    ensure(
        !is_acknowledged || found == scenario.new,
        &format!("it said that it was done, and the home has {found:?}"),
    )?;
    // A full disk is met before the change, or the message says that the change was made.
    let is_told = traced.stderr.contains("was installed") || traced.stderr.contains("was uninstalled");
    let is_failed = matches!(fault, Fault::Full(_)) && traced.status != Some(0);
    ensure(!is_failed || found == scenario.old || is_told, "it failed without saying that the change was made")?;
    works(home, &found)?;
    home.hal9(&["audit", "verify"])?;
    let (mended, fixed) = home.store(&["--fix"])?;
    ensure(mended.starts_with("\"ok\""), &format!("doctor fixed {fixed}, and still says {mended}"))?;
    if fixed != serde_json::json!([]) {
        let (state, _) = home.store(&[])?;
        ensure(state == mended, &format!("doctor fixed {fixed}, and now says {state}"))?;
        ensure(home.versions()? == found, "doctor changed the versions")?;
        works(home, &found)?;
    }
    // Taking out what is out is the one that must fail.
    if found != scenario.new || !found.is_empty() {
        let args: Vec<_> = scenario.args.iter().map(String::as_str).filter(|arg| *arg != "--json").collect();
        home.hal9(&args)?;
        ensure(home.versions()? == scenario.new, "the same command again does not do it")?;
        works(home, scenario.new)?;
    }
    Ok(())
}

/// Each plugin that there is answers, and where there is none the command says so.
fn works<S: AsRef<str>>(home: &Home, versions: &[S]) -> Result<(), String> {
    match home.hal9(&["signal", "send", "--layer", "L1", "1 2 3"]) {
        Ok(value) => {
            let replies = value["replies"].as_array().map_or(&[][..], Vec::as_slice);
            let replies: Vec<_> = replies
                .iter()
                .filter(|reply| reply["error"].is_null())
                .filter_map(|reply| reply["plugin"].as_str())
                .collect();
            let ids: Vec<_> = versions.iter().filter_map(|one| one.as_ref().split(' ').next()).collect();
            ensure(replies == ids, &format!("there are {ids:?}, and {value}"))
        }
        Err(error) => ensure(versions.is_empty() && error.contains("not-found"), &error),
    }
}

fn ensure(holds: bool, problem: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem.to_owned()) }
}
