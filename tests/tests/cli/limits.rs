use super::home::Home;

/// A home with the probe of that name under a deadline, and a neuron that works.
fn home(probe: &str, call_time: &str) -> Home {
    let home = Home::new();
    let settings = format!("[plugins.\"test.{probe}\".limits]\ncall_time = \"{call_time}\"\n");
    std::fs::write(home.path().join("hal9.toml"), settings).unwrap();
    home.load(probe);
    home.load("two-kinds");
    home
}

/// Sends what makes the probe go wrong to both: the one is stopped, the other answers, in one process.
#[track_caller]
fn stopped(probe: &str, content: &str, code: &str, reason: &str) {
    // Short where it is the deadline that is reached; else long enough for a busy machine.
    let home = home(probe, if reason == "deadline" { "300ms" } else { "60s" });
    let value = home.hal9(["--json", "signal", "send", "--layer", "L2", content]).json();
    let replies = value["replies"].as_array().unwrap();
    let by = |plugin: &str| replies.iter().find(|reply| reply["plugin"] == plugin).unwrap();
    let error = &by(&format!("test.{probe}"))["error"];
    assert_eq!((&error["code"], &error["reason"]), (&code.into(), &reason.into()), "{value}");
    assert_eq!(by("test.two-kinds")["signal"]["content"], content);
    // Alone, it is the command that fails, with the status of the code.
    let status = if code == "plugin-trapped" { 9 } else { 7 };
    let alone = ["--json", "signal", "send", "--layer", "L2", "--neuron", &format!("test.{probe}"), content];
    let error = home.hal9(alone).error(status);
    assert_eq!(error["plugin"], format!("test.{probe}"));
    let usage = home.hal9(["--json", "plugin", "info", &format!("test.{probe}")]).json()["usage"].clone();
    assert_eq!((&usage["traps"], usage["last_error"].is_null()), (&2.into(), false), "{usage}");
}

#[test]
fn a_loop_ends_at_its_deadline() {
    stopped("faults", "spin", "limit-exceeded", "deadline");
}

#[test]
fn a_sleep_of_an_hour_ends_at_its_deadline() {
    stopped("faults", "sleep", "limit-exceeded", "deadline");
}

#[test]
fn memory_ends_at_its_limit() {
    stopped("faults", "grow", "limit-exceeded", "memory");
}

#[test]
fn recursion_ends_at_the_stack() {
    stopped("faults", "recurse", "limit-exceeded", "stack");
}

#[test]
fn an_exit_is_not_the_hosts() {
    stopped("faults", "exit", "plugin-trapped", "exit");
}

#[test]
fn a_flooded_log_ends_at_its_limit() {
    stopped("flood", "lines 1000000", "limit-exceeded", "output");
}

#[test]
fn a_panic_comes_with_the_plugins_own_words_and_no_escapes() {
    let home = home("faults", "60s");
    let run = home.hal9(["signal", "send", "--layer", "L2", "--neuron", "faults", "panic"]);
    assert_eq!(run.status, 9, "{run:?}");
    assert!(run.stderr.contains("the probe was asked to\\u{1b}[2J"), "{}", run.stderr);
    assert!(!run.stderr.contains('\u{1b}'), "{:?}", run.stderr);
}

#[test]
fn a_failure_of_its_own_is_a_plugin_error() {
    let error = home("faults", "60s")
        .hal9(["--json", "signal", "send", "--layer", "L2", "--neuron", "faults", "fail"])
        .error(8);
    assert_eq!(
        (&error["reason"], &error["message"]),
        (&"unsupported".into(), &"test.faults: not\\ntoday\\u{1b}[2J (unsupported)".into())
    );
}

#[test]
fn an_instance_too_many_is_a_limit_and_the_others_answer() {
    let home = home("faults", "60s");
    let settings = home.path().join("hal9.toml");
    std::fs::write(&settings, "[host]\ninstances = 1\n").unwrap();
    let value = home.hal9(["--json", "signal", "send", "--layer", "L2", "hello"]).json();
    let errors: Vec<_> =
        value["replies"].as_array().unwrap().iter().map(|reply| &reply["error"]).filter(|it| !it.is_null()).collect();
    let [error] = errors.as_slice() else { panic!("one of two has an instance: {value}") };
    assert_eq!((&error["code"], &error["reason"]), (&"limit-exceeded".into(), &"instances".into()), "{error}");
    assert!(error["help"].as_str().unwrap().contains("`instances` under [host]"), "{error}");
    std::fs::write(&settings, "[host]\ninstances = 2\n").unwrap();
    let value = home.hal9(["--json", "signal", "send", "--layer", "L2", "hello"]).json();
    assert!(value["replies"].as_array().unwrap().iter().all(|reply| reply["error"].is_null()), "{value}");
}
