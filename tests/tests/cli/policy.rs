use std::process::Command;

use super::home::{Home, Run};

const ID: &str = "test.uses-memory";

fn home(settings: &str) -> Home {
    let home = Home::new();
    std::fs::write(home.path().join("hal9.toml"), settings).unwrap();
    home
}

fn settings(home: &Home) -> String {
    std::fs::read_to_string(home.path().join("hal9.toml")).unwrap_or_default()
}

/// What the probe answers.
fn ask(home: &Home, content: &str) -> String {
    let value = home.hal9(["--json", "signal", "send", "--layer", "L2", content]).json();
    value["replies"][0]["signal"]["content"].as_str().unwrap_or_default().to_owned()
}

/// Runs the command that `why-denied` prints for the last refusal, as a shell does.
#[track_caller]
fn obey(home: &Home) -> String {
    let denied = home.hal9(["--json", "why-denied"]).json()["denied"][0].clone();
    let command = denied["command"].as_str().unwrap_or_else(|| panic!("{denied}")).to_owned();
    let shown = home.hal9(["why-denied"]).ok();
    assert!(shown.stdout.contains(&command), "{}", shown.stdout);
    let bin = home.path().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let link = bin.join("hal9");
    if !link.exists() {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_hal9-under-test"), link).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let mut shell = Command::new("sh");
    shell.args(["-c", &command]).env("PATH", path).env("HAL9_HOME", home.path()).env_remove("HAL9_ENV");
    Run::of(&mut shell).ok();
    command
}

fn effective(home: &Home) -> String {
    let value = home.hal9(["--json", "policy", "show", ID]).json()["plugins"][0]["effective"].clone();
    let texts: Vec<_> = value.as_array().unwrap().iter().map(|it| it["permission"].as_str().unwrap()).collect();
    texts.join(" ")
}

#[test]
fn the_command_for_a_refused_use_allows_it() {
    let home = home("[plugins.\"test.uses-memory\"]\ngrant = [\"Hal9Memory:notes/\"]\n");
    home.load("uses-memory");
    // The key has what a shell would take for its own.
    let key = "it's;$(touch${IFS}/tmp/hal9-forged)";
    assert_eq!(ask(&home, &format!("set {key} x")), "Err(Denied)");
    obey(&home);
    assert_eq!(ask(&home, &format!("set {key} x")), "Ok(())");
    assert_eq!(ask(&home, "set elsewhere x"), "Err(Denied)", "no more than that was granted");
    assert!(!std::path::Path::new("/tmp/hal9-forged").exists());
}

#[test]
fn the_command_for_a_refused_load_lets_it_load() {
    let home = Home::new();
    let file = hal9_tests::guest("uses-memory");
    let load = || home.hal9(["--json", "plugin", "load", "--dev", file.to_str().unwrap(), "--no-grants"]);
    load().error(6);
    assert_eq!(obey(&home), "hal9 policy grant test.uses-memory 'Hal9Memory'");
    load().ok();
}

#[test]
fn the_command_for_a_denied_use_undoes_the_denial() {
    let home = home("[plugins.\"test.uses-memory\"]\ndeny = [\"Hal9Memory:secret/\"]\n");
    home.load("uses-memory");
    assert_eq!(ask(&home, "set secret/1 x"), "Err(Denied)");
    assert_eq!(obey(&home), "hal9 policy grant test.uses-memory 'Hal9Memory:secret/'");
    assert_eq!(ask(&home, "set secret/1 x"), "Ok(())");
    let denied = home.hal9(["--json", "why-denied", "uses-memory"]).json()["denied"][0].clone();
    assert_eq!((&denied["allowed_now"], &denied["command"]), (&true.into(), &serde_json::Value::Null));
    // All of a kind.
    home.hal9(["policy", "deny", "uses-memory", "Hal9Memory"]).ok();
    home.hal9(["--json", "signal", "send", "--layer", "L2", "keys "]).error(6);
    obey(&home);
    assert!(ask(&home, "keys ").starts_with("Ok"));
}

#[test]
fn what_is_not_declared_is_told_to_the_author() {
    let home = Home::new();
    let file = hal9_tests::guest("undeclared");
    home.hal9(["--json", "plugin", "load", "--dev", file.to_str().unwrap()]).error(6);
    let denied = home.hal9(["--json", "why-denied"]).json()["denied"][0].clone();
    assert_eq!((&denied["rule"], &denied["command"]), (&"undeclared".into(), &serde_json::Value::Null));
    assert!(denied["help"].as_str().unwrap().contains("Permission::Hal9Memory"), "{denied}");
}

#[test]
fn changes_are_kept_in_the_settings_beside_what_was_written_by_hand() {
    let text = "# by hand\n[plugins.\"test.uses-memory\"]  # the one\nlimits = { memory = \"8MiB\" }\n";
    let home = home(text);
    home.load("uses-memory");
    // The first change begins with what it was granted when it was loaded.
    let value = home.hal9(["--json", "policy", "grant", "uses-memory", "SystemTime"]).json();
    assert_eq!(value["began_with"], serde_json::json!(["Hal9Memory"]));
    assert_eq!(value["granted"], serde_json::json!(["SystemTime", "Hal9Memory"]));
    assert!(value["warnings"][0].as_str().unwrap().contains("does not declare SystemTime"), "{value}");
    assert!(settings(&home).starts_with(text.trim_end()), "{}", settings(&home));
    assert_eq!(effective(&home), "Hal9Memory");
    home.hal9(["policy", "revoke", "uses-memory", "SystemTime"]).ok();
    // A part of what is granted cannot be revoked, and can be denied.
    let error = home.hal9(["--json", "policy", "revoke", "uses-memory", "Hal9Memory:a"]).error(10);
    assert!(error["help"].as_str().unwrap().contains("hal9 policy deny test.uses-memory 'Hal9Memory:a'"), "{error}");
    home.hal9(["policy", "deny", "uses-memory", "Hal9Memory:a"]).ok();
    assert_eq!(ask(&home, "set a/1 x"), "Err(Denied)");
    assert_eq!(ask(&home, "set b x"), "Ok(())");
    // Whoever takes away gives nothing back.
    home.hal9(["--json", "policy", "revoke", "uses-memory", "Hal9Memory:a"]).error(10);
    assert_eq!(ask(&home, "set a/1 x"), "Err(Denied)");
    // A part of what is denied cannot be granted.
    home.hal9(["--json", "policy", "grant", "uses-memory", "Hal9Memory:a/1"]).error(10);
    home.hal9(["policy", "grant", "uses-memory", "Hal9Memory:a"]).ok();
    assert_eq!(ask(&home, "set a/1 x"), "Ok(())");
    home.hal9(["policy", "revoke", "uses-memory", "Hal9Memory"]).ok();
    home.hal9(["--json", "signal", "send", "--layer", "L2", "x"]).error(6);
    let changes = home.hal9(["--json", "audit", "show", "--kind", "policy"]).json()["records"].clone();
    let said: Vec<_> = changes.as_array().unwrap().iter().map(|it| it["message"].as_str().unwrap()).collect();
    assert_eq!(
        said,
        [
            "granted SystemTime",
            "revoked SystemTime",
            "denied Hal9Memory:a",
            "granted Hal9Memory:a",
            "revoked Hal9Memory"
        ]
    );
}

#[test]
fn a_policy_that_is_malformed_is_told_with_its_line_and_left_alone() {
    let text = "[plugins.\"test.uses-memory\"]\ngrant = [\"Everything\"]\n";
    let home = home(text);
    for args in [&["policy", "grant", ID, "Hal9Memory"][..], &["policy", "show"], &["policy", "deny", ID, "SystemTime"]]
    {
        let error = home.hal9([&["--json"], args].concat()).error(2);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("hal9.toml: ") && message.contains("line 2"), "{message}");
    }
    assert_eq!(settings(&home), text);
    home.hal9(["--json", "policy", "grant", ID, "Everything"]).error(2);
}

#[test]
fn an_environment_has_a_policy_of_its_own() {
    let home = home("[env.production]\n");
    home.load("uses-memory");
    home.hal9(["--env", "production", "policy", "deny", "uses-memory", "Hal9Memory:a"]).ok();
    assert!(settings(&home).contains("[env.production.plugins.\"test.uses-memory\"]"), "{}", settings(&home));
    let answer = |env: &[&str]| {
        let args = [&["--json"], env, &["signal", "send", "--layer", "L2", "set a x"]].concat();
        home.hal9(args).json()["replies"][0]["signal"]["content"].clone()
    };
    assert_eq!((answer(&[]), answer(&["--env", "production"])), ("Ok(())".into(), "Err(Denied)".into()));
    let why = home.hal9(["--json", "--env", "production", "why-denied"]).json()["denied"][0].clone();
    assert_eq!(why["command"], "hal9 --env 'production' policy grant test.uses-memory 'Hal9Memory:a'");
    // What is denied everywhere is not granted in one environment.
    home.hal9(["policy", "deny", "uses-memory", "Hal9Memory:b"]).ok();
    home.hal9(["--json", "--env", "production", "policy", "grant", "uses-memory", "Hal9Memory:b"]).error(10);
    home.hal9(["--env", "production", "policy", "grant", "uses-memory", "Hal9Memory:a"]).ok();
    assert_eq!(answer(&["--env", "production"]), "Ok(())");
}

/// A folder with the probe that tries files, and a folder `data` beside it.
fn files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(hal9_tests::guest("wasi"), folder.path().join("wasi.wasm")).unwrap();
    let manifest = r#"{"api_version": 1,
        "metadata": {"id": "test.wasi", "name": "Wasi", "version": "0.1.0", "author": "x", "license": "MIT"},
        "capabilities": [{"NeuronType": {"layer": "L2", "neuron_type": "wasi"}}],
        "permissions": ["FileRead:/data"]}"#;
    std::fs::write(folder.path().join("manifest.json"), manifest).unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/file"), "here").unwrap();
    folder
}

#[test]
fn relative_folders_begin_where_the_command_runs_or_where_the_file_is() {
    let (home, folder) = (Home::new(), files());
    let load = ["plugin", "load", "--dev", folder.path().to_str().unwrap(), "--no-grants"];
    home.hal9(load).ok();
    let mut grant = home.command(["--json", "policy", "grant", "test.wasi", "FileRead:./data=>/data"]);
    let granted = Run::of(grant.current_dir(folder.path())).json()["granted"][0].clone();
    let real = folder.path().canonicalize().unwrap();
    assert_eq!(granted, format!("FileRead:{}/data=>/data", real.display()));
    assert_eq!(ask(&home, "read /data/file"), "ok \"here\"");
    // In the file, they begin at its folder, wherever the command runs.
    std::fs::create_dir(home.path().join("data")).unwrap();
    std::fs::write(home.path().join("data/file"), "home").unwrap();
    let text = "[plugins.\"test.wasi\"]\ngrant = [\"FileRead:data=>/data\"]\n";
    std::fs::write(home.path().join("hal9.toml"), text).unwrap();
    assert_eq!(ask(&home, "read /data/file"), "ok \"home\"");
    // A change of something else leaves it as it was written.
    home.hal9(["policy", "grant", "test.wasi", "SystemTime"]).ok();
    assert!(settings(&home).contains("\"FileRead:data=>/data\""), "{}", settings(&home));
}

#[test]
fn totals_and_denials_are_settings() {
    let home =
        home("[host]\nmemory = \"256MiB\"\ncores = 1\n\n[plugins.\"test.uses-memory\"]\ndeny = [\"Hal9Memory:a\"]\n");
    home.load("uses-memory");
    let info = home.hal9(["--json", "plugin", "info", "uses-memory"]).json();
    assert_eq!(info["denied"], serde_json::json!(["Hal9Memory:a"]));
    assert_eq!(info["limits"]["cpu_share"], "25%");
    let shown = home.hal9(["plugin", "info", "uses-memory"]).ok().stdout;
    assert!(shown.contains("but not a") && shown.contains("connections"), "{shown}");
    std::fs::write(home.path().join("hal9.toml"), "[host]\nmemory = \"64KiB\"\n").unwrap();
    let error = home.hal9(["--json", "signal", "send", "--layer", "L2", "x"]);
    assert_ne!(error.status, 0, "there is no room for an instance: {error:?}");
}

#[test]
fn the_least_policy_of_a_run_is_learned_and_proved() {
    let home = Home::new();
    home.load("uses-memory");
    let learn = |more: &[&str], content: &str| {
        let args = [&["--json", "policy", "learn"], more, &["--", "signal", "send", "--layer", "L2", content]].concat();
        home.hal9(args).json()
    };
    let value = learn(&["--dry-run"], "set notes/1 x");
    assert_eq!(value["plugins"][0]["granted"], serde_json::json!(["Hal9Memory:notes/1"]));
    assert_eq!(settings(&home), "", "a dry run changes nothing");
    let value = learn(&[], "set notes/1 x");
    assert_eq!((&value["proved"], &value["changed"]), (&true.into(), &true.into()), "{value}");
    assert_eq!(effective(&home), "Hal9Memory:notes/1");
    assert_eq!(ask(&home, "get notes/1"), "Ok(Some(\"x\"))");
    assert_eq!(ask(&home, "get other"), "Err(Denied)");
    // What it imports and does not use is needed to load, and said so.
    let value = learn(&[], "nothing");
    assert_eq!(value["plugins"][0]["unused"], serde_json::json!(["Hal9Memory:notes/1"]), "no more than before");
    assert_eq!((&value["changed"], effective(&home).as_str()), (&false.into(), "Hal9Memory:notes/1"));
    let run = home.hal9(["policy", "learn", "--", "hal9", "signal", "send", "--layer", "L2", "set k v"]).ok();
    assert!(run.stdout.contains("- Hal9Memory") && run.stdout.contains("+ Hal9Memory:k"), "{}", run.stdout);
    home.hal9(["audit", "verify"]).ok();
}

/// A folder with a plugin that may ask two others.
fn asks() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(hal9_tests::guest("uses-plugins"), folder.path().join("asks.wasm")).unwrap();
    let manifest = r#"{"api_version": 1,
        "metadata": {"id": "test.asks", "name": "Asks", "version": "0.1.0", "author": "x", "license": "MIT"},
        "capabilities": [{"NeuronType": {"layer": "L4", "neuron_type": "asks"}}],
        "permissions": ["PluginCall:test.echo", "PluginCall:test.uses-memory"]}"#;
    std::fs::write(folder.path().join("manifest.json"), manifest).unwrap();
    folder
}

#[test]
fn plugins_that_a_run_does_not_call_keep_their_policy() {
    let text = "[plugins.\"test.uses-memory\"]\ngrant = [\"Hal9Memory:notes/\"]\n";
    let (home, folder) = (home(text), asks());
    home.load("echo");
    home.load("uses-memory");
    home.hal9(["plugin", "load", "--dev", folder.path().to_str().unwrap()]).ok();
    let learn = |content: &str| {
        let value = home.hal9(["--json", "policy", "learn", "--", "signal", "send", "--layer", "L4", content]).json();
        let ids: Vec<_> =
            value["plugins"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();
        ids.join(" ")
    };
    assert_eq!(learn("ask test.echo hello"), "test.asks test.echo");
    assert!(settings(&home).starts_with(text), "{}", settings(&home));
    assert_eq!(learn("ask test.uses-memory get notes/1"), "test.asks test.uses-memory");
    assert_eq!(effective(&home), "Hal9Memory:notes/1");
}

#[test]
fn a_change_that_cannot_be_recorded_is_no_success() {
    let home = home("");
    home.load("uses-memory");
    home.hal9(["policy", "deny", ID, "SystemTime"]).ok();
    // Guards against a policy that changes without a trace.
    std::fs::remove_file(home.path().join("audit.jsonl")).unwrap();
    std::fs::create_dir(home.path().join("audit.jsonl")).unwrap();
    let learn = ["--json", "policy", "learn", "--", "signal", "send", "--layer", "L2", "nothing"];
    for args in [&["--json", "policy", "grant", ID, "SystemTime"][..], &learn] {
        let error = home.hal9(args).error(11);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("audit.jsonl") && message.contains("the policy was changed"), "{message}");
    }
}

#[test]
fn others_change_policies_while_a_command_runs_again() {
    use std::io::{BufRead as _, Write as _};
    let home = Home::new();
    home.load("online-learner");
    // Whoever reads this waits until it is written to.
    let pipe = home.path().join("data.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let rows: String = (0..40).map(|n| format!("{},{},{}\n", n % 20, n % 7, n % 2)).collect();
    let data = format!("a,b,label\n{rows}");
    let run = ["policy", "learn", "--", "learn", "train", "--model", "m", "--data", pipe.to_str().unwrap()];
    let mut learn = home.command(run);
    learn.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    let mut learn = learn.spawn().unwrap();
    let first = (pipe.clone(), data.clone());
    std::thread::spawn(move || std::fs::write(first.0, first.1));
    let mut notes = std::io::BufReader::new(learn.stderr.take().unwrap()).lines();
    assert!(notes.any(|line| line.unwrap().contains("running it again")));
    let mut second = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    // Guards against the lock that would be held as long as the second run takes, and then against writing over this.
    home.hal9(["policy", "deny", "online-learner", "SystemTime"]).ok();
    let theirs = settings(&home);
    second.write_all(data.as_bytes()).unwrap();
    drop(second);
    let said: Vec<_> = notes.map(Result::unwrap).collect();
    assert_eq!(learn.wait().unwrap().code(), Some(10), "{said:?}");
    assert!(said.iter().any(|line| line.contains("was changed meanwhile")), "{said:?}");
    assert_eq!(settings(&home), theirs);
}

#[test]
fn a_policy_that_is_not_proved_is_taken_back() {
    let home = home("# mine\n");
    home.load("custom-memory");
    home.hal9(["memory", "store", "kettle", "--value", "It is blue."]).ok();
    // The second time, there is nothing to delete.
    let error = home.hal9(["--json", "policy", "learn", "--", "memory", "delete", "kettle"]).error(10);
    assert!(error["message"].as_str().unwrap().contains("has nothing under `kettle`"), "{error}");
    assert_eq!(settings(&home), "# mine\n");
    // What fails anyhow teaches nothing, and what runs no plugin neither.
    home.hal9(["--json", "policy", "learn", "--", "memory", "delete", "kettle"]).error(3);
    home.hal9(["--json", "policy", "learn", "--", "policy", "show"]).error(2);
    home.hal9(["--json", "policy", "learn", "--", "signal", "sing"]).error(2);
    assert_eq!(settings(&home), "# mine\n");
}

#[test]
fn what_is_denied_stays_denied_while_learning() {
    let home = home("[plugins.\"test.uses-memory\"]\ngrant = []\ndeny = [\"Hal9Memory:secret/\"]\n");
    home.load("two-kinds");
    let file = hal9_tests::guest("uses-memory");
    home.hal9(["--json", "plugin", "load", "--dev", file.to_str().unwrap()]).error(6);
    home.hal9(["policy", "grant", ID, "Hal9Memory"]).ok();
    home.load("uses-memory");
    let args = ["--json", "policy", "learn", "--", "signal", "send", "--layer", "L2", "--neuron", ID, "set secret/1 x"];
    let value = home.hal9(args).json();
    assert_eq!(value["plugins"][0]["unused"], serde_json::json!(["Hal9Memory"]), "{value}");
    assert!(settings(&home).contains("deny = [\"Hal9Memory:secret/\"]"), "{}", settings(&home));
}

/// Guards `Settings::environments_that_grant`, and the warning about a folder that no grant names.
#[test]
fn a_change_that_leaves_something_open_says_so() {
    let home = home(
        "[plugins.\"test.uses-memory\"]\ngrant = [\"Hal9Memory\"]\n\n\
         [env.production.plugins.\"test.uses-memory\"]\ngrant = [\"Hal9Memory:notes/\"]\n",
    );
    home.load("uses-memory");
    let value = home.hal9(["--json", "policy", "revoke", ID, "Hal9Memory"]).json();
    let warnings = value["warnings"].to_string();
    assert!(warnings.contains("hal9 --env production policy revoke test.uses-memory 'Hal9Memory'"), "{warnings}");
    home.hal9(["--env", "production", "policy", "revoke", ID, "Hal9Memory"]).ok();
    let value = home.hal9(["--json", "policy", "revoke", ID, "Hal9Memory"]).json();
    assert_eq!(value["warnings"], serde_json::json!([]));
    let value = home.hal9(["--json", "policy", "deny", ID, "FileRead:/home/me/.ssh"]).json();
    assert!(value["warnings"].to_string().contains("has no effect now"), "{value}");
}
