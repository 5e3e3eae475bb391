use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::home::{Home, Run};
use super::keys::minisign;
use super::packages::{Shelf, Signer, signature};

const ID: &str = "test.signed";

fn install(home: &Home, package: &Path, args: &[&str]) -> Run {
    home.hal9([&["--json", "plugin", "install", package.to_str().unwrap(), "--accept"], args].concat())
}

/// A home where somebody's key is trusted for the plugin, and a package that he has signed.
fn signed() -> (Home, Shelf, Signer, PathBuf) {
    let (home, shelf, signer) = (Home::new(), Shelf::new(), Signer::new());
    let package = shelf.package(ID, "1.0.0", json!({}));
    signer.sign(&package);
    home.hal9(["policy", "trust", ID, &signer.key().to_string()]).ok();
    (home, shelf, signer, package)
}

#[track_caller]
fn refused(run: Run, reason: &str) -> Value {
    let error = run.error(5);
    assert_eq!((error["code"].as_str(), error["reason"].as_str()), (Some("signature"), Some(reason)), "{error}");
    assert!(error["help"].as_str().is_some_and(|help| !help.is_empty()), "{error}");
    error
}

#[test]
fn what_a_trusted_key_has_signed_is_installed_and_shown() {
    let (home, _shelf, signer, package) = signed();
    let value = install(&home, &package, &[]).json();
    let number = signer.key().id().to_string();
    assert_eq!(value["installed"][0]["key"], number.as_str(), "{value}");
    let info = home.hal9(["--json", "plugin", "info", ID]).json();
    assert_eq!(
        (&info["installed"]["key_id"], &info["source"]),
        (&number.as_str().into(), &"installed".into()),
        "{info}"
    );
    let shown = home.hal9(["policy", "show", ID]).ok().stdout;
    assert!(shown.contains(&number), "{shown}");
}

#[test]
fn no_signature_another_key_and_a_revoked_key_are_refused() {
    let (home, shelf, signer, package) = signed();
    let error = |run: Run, reason: &str| {
        let error = refused(run, reason);
        assert_eq!(error["plugin"], ID, "{error}");
        assert!(home.versions().is_empty());
    };
    std::fs::remove_file(signature(&package)).unwrap();
    error(install(&home, &package, &[]), "unsigned");
    error(install(&home, &package, &["--allow-unsigned"]), "unsigned");
    let other = Signer::new();
    other.sign(&package);
    error(install(&home, &package, &[]), "untrusted-key");
    // A key that comes with the package is no reason to trust it, where another one is trusted already.
    error(install(&home, &package, &["--key", &other.key().to_string()]), "untrusted-key");
    // One that is trusted for another plugin is not trusted for this one.
    home.hal9(["policy", "trust", "test.other", &other.key().to_string()]).ok();
    error(install(&home, &package, &[]), "untrusted-key");
    signer.sign(&package);
    home.hal9(["policy", "revoke-key", &signer.key().to_string()]).ok();
    refused(install(&home, &package, &[]), "revoked-key");
    let twin = Home::new();
    install(&twin, &package, &["--key", &signer.key().to_string()]).ok();
    drop(shelf);
}

#[test]
fn a_flipped_byte_anywhere_is_refused() {
    let (home, _shelf, _signer, package) = signed();
    let (good, text) = (std::fs::read(&package).unwrap(), std::fs::read(signature(&package)).unwrap());
    let step = good.len() / 12;
    for at in (0..good.len()).step_by(step).chain([good.len() - 1]) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&package, bad).unwrap();
        refused(install(&home, &package, &[]), "bad-signature");
    }
    std::fs::write(&package, &good).unwrap();
    let lines: Vec<&str> = std::str::from_utf8(&text).unwrap().lines().collect();
    // The signature, the trusted comment, and the signature of that.
    for line in 1..4 {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let at = lines[line].len() - 8;
        let sign = if &lines[line][at..=at] == "A" { "B" } else { "A" };
        lines[line].replace_range(at..=at, sign);
        std::fs::write(signature(&package), lines.join("\n") + "\n").unwrap();
        refused(install(&home, &package, &[]), "bad-signature");
    }
    assert!(home.versions().is_empty());
    std::fs::write(signature(&package), text).unwrap();
    install(&home, &package, &[]).ok();
}

#[test]
fn a_signature_that_cannot_be_read_is_one_thing_to_every_command() {
    let (home, _shelf, signer, package) = signed();
    let (file, key) = (package.to_str().unwrap(), signer.key().to_string());
    let everywhere = || {
        refused(install(&home, &package, &[]), "bad-signature");
        refused(home.hal9(["--json", "plugin", "verify", file, "--key", &key]), "bad-signature");
        refused(home.hal9(["--json", "plugin", "inspect", file]), "bad-signature");
    };
    std::fs::write(signature(&package), b"untrusted comment: \xff\n").unwrap();
    everywhere();
    std::fs::remove_file(signature(&package)).unwrap();
    std::fs::create_dir(signature(&package)).unwrap();
    everywhere();
}

#[test]
fn a_signature_of_another_file_and_nonsense_are_refused() {
    let (home, shelf, signer, package) = signed();
    let other = shelf.package(ID, "2.0.0", json!({}));
    signer.sign(&other);
    let file = signature(&other);
    refused(install(&home, &package, &["--signature", file.to_str().unwrap()]), "bad-signature");
    for nonsense in ["", "untrusted comment: x\n", "\u{0}\u{1b}[2J", &"x".repeat(100_000)] {
        std::fs::write(signature(&package), nonsense).unwrap();
        refused(install(&home, &package, &[]), "bad-signature");
    }
    let moved = shelf.path().join("elsewhere.sig");
    signer.sign(&package);
    std::fs::rename(signature(&package), &moved).unwrap();
    refused(install(&home, &package, &[]), "unsigned");
    install(&home, &package, &["--signature", moved.to_str().unwrap()]).ok();
}

#[test]
fn the_first_key_is_trusted_by_hand_and_kept() {
    let (home, shelf, signer) = (Home::new(), Shelf::new(), Signer::new());
    let text = "# by hand\n[plugins.\"test.other\"]\ngrant = []\n";
    std::fs::write(home.path().join("hal9.toml"), text).unwrap();
    let package = shelf.package(ID, "1.0.0", json!({}));
    signer.sign(&package);
    let key = signer.key().to_string();
    refused(install(&home, &package, &[]), "untrusted-key");
    install(&home, &package, &["--key", &key, "--dry-run"]).ok();
    let settings = || std::fs::read_to_string(home.path().join("hal9.toml")).unwrap();
    assert_eq!(settings(), text, "a dry run trusts nobody");
    install(&home, &package, &["--key", &key]).ok();
    assert!(settings().starts_with(text) && settings().contains(&format!("keys = [\"{key}\"]")), "{}", settings());
    let records = home.hal9(["--json", "audit", "show", "--kind", "policy"]).json();
    assert!(records["records"].to_string().contains("may sign it"), "{records}");
    let next = shelf.package(ID, "1.1.0", json!({}));
    signer.sign(&next);
    install(&home, &next, &[]).ok();
    // A key that is no more trusted signs no more; what is there goes on.
    home.hal9(["policy", "distrust", ID, &key]).ok();
    let last = shelf.package(ID, "1.2.0", json!({}));
    signer.sign(&last);
    refused(install(&home, &last, &[]), "untrusted-key");
    home.hal9(["signal", "send", "--layer", "L1", "goes on"]).ok();
}

#[test]
fn what_a_revoked_key_has_signed_runs_no_more() {
    let (home, _shelf, signer, package) = signed();
    install(&home, &package, &[]).ok();
    let send = || home.hal9(["--json", "signal", "send", "--layer", "L1", "--neuron", ID, "hello"]);
    send().ok();
    let value = home.hal9(["--json", "policy", "revoke-key", &signer.key().to_string()]).json();
    assert_eq!(value["stopped"], json!([ID]));
    refused(send(), "revoked-key");
    refused(home.hal9(["--json", "plugin", "activate", ID]), "revoked-key");
    let records = home.hal9(["--json", "audit", "show", "--kind", "deny"]).json();
    assert!(records["records"].to_string().contains("revoked"), "{records}");
    home.hal9(["plugin", "uninstall", ID]).ok();
}

#[test]
fn what_minisign_has_signed_is_installed() {
    let (home, shelf) = (Home::new(), Shelf::new());
    let package = shelf.package(ID, "1.0.0", json!({}));
    let file = package.to_str().unwrap();
    assert!(minisign(&home, "", &["-G", "-W", "-p", "author.pub", "-s", "author.key"]));
    assert!(minisign(&home, "", &["-S", "-s", "author.key", "-m", file, "-t", "by minisign itself"]));
    refused(install(&home, &package, &[]), "untrusted-key");
    let public = home.path().join("author.pub");
    install(&home, &package, &["--key", public.to_str().unwrap()]).ok();
    assert_eq!(home.versions(), ["test.signed 1.0.0"]);
    let next = shelf.package(ID, "1.1.0", json!({}));
    assert!(minisign(&home, "", &["-G", "-W", "-p", "other.pub", "-s", "other.key"]));
    assert!(minisign(&home, "", &["-S", "-s", "other.key", "-m", next.to_str().unwrap()]));
    refused(install(&home, &next, &[]), "untrusted-key");
}

#[test]
fn unsigned_packages_need_both_the_policy_and_the_word() {
    let (home, shelf) = (Home::new(), Shelf::new());
    let package = shelf.package(ID, "1.0.0", json!({}));
    refused(install(&home, &package, &[]), "unsigned");
    let error = refused(install(&home, &package, &["--allow-unsigned"]), "unsigned");
    assert!(error["help"].as_str().unwrap().contains("allow_unsigned = true"), "{error}");
    let policy = "[trust]\nallow_unsigned = true\n[env.production.trust]\nallow_unsigned = false\n";
    std::fs::write(home.path().join("hal9.toml"), policy).unwrap();
    let error = refused(install(&home, &package, &[]), "unsigned");
    assert!(error["help"].as_str().unwrap().contains("--allow-unsigned"), "{error}");
    refused(
        home.hal9([
            "--json",
            "--env",
            "production",
            "plugin",
            "install",
            "--allow-unsigned",
            package.to_str().unwrap(),
        ]),
        "unsigned",
    );
    install(&home, &package, &["--allow-unsigned"]).ok();
    let records = home.hal9(["--json", "audit", "show", "--kind", "deny"]).json();
    assert_eq!(
        records["records"].as_array().unwrap().iter().map(|it| it["count"].as_u64().unwrap()).sum::<u64>(),
        4,
        "{records}"
    );
}

/// Starts a command that installs, has something done while it waits for its turn, and lets it go on.
#[cfg(target_os = "linux")]
fn meanwhile(home: &Home, args: &[&str], work: impl FnOnce()) -> Run {
    let path = home.path().canonicalize().unwrap().join("install.lock");
    let turn = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path).unwrap();
    turn.lock().unwrap();
    let mut command = home.command(args);
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let is_waiting = || {
        let files = std::fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap();
        files.flatten().any(|file| std::fs::read_link(file.path()).is_ok_and(|file| file == path))
    };
    while !is_waiting() {
        std::thread::yield_now();
    }
    work();
    drop(turn);
    child.wait_with_output().unwrap().into()
}

#[cfg(target_os = "linux")]
#[test]
fn what_was_verified_is_what_runs() {
    let (home, shelf, _signer, package) = signed();
    let good = std::fs::read(&package).unwrap();
    let other = std::fs::read(shelf.package("test.evil", "9.9.9", json!({}))).unwrap();
    // The file is another one as soon as it was read.
    let args = ["--json", "plugin", "install", package.to_str().unwrap(), "--accept"];
    meanwhile(&home, &args, || std::fs::write(&package, &other).unwrap()).ok();
    assert_eq!(home.versions(), ["test.signed 1.0.0"]);
    let digest = home.hal9(["--json", "plugin", "info", ID]).json()["installed"]["package"].clone();
    assert_eq!(digest, hal9_package::Digest::of(&good).to_string());
}

#[cfg(target_os = "linux")]
#[test]
fn a_key_that_is_revoked_while_a_command_waits_signs_nothing() {
    let (home, _shelf, signer, package) = signed();
    let args = ["--json", "plugin", "install", package.to_str().unwrap(), "--accept"];
    let run = meanwhile(&home, &args, || {
        home.hal9(["policy", "revoke-key", &signer.key().to_string()]).ok();
    });
    refused(run, "revoked-key");
    assert!(home.versions().is_empty());
}

#[test]
fn nobody_may_sign_means_that_nothing_is_taken() {
    let (home, shelf, signer) = (Home::trusting(), Shelf::new(), Signer::new());
    let key = signer.key().to_string();
    let first = shelf.package(ID, "1.0.0", json!({}));
    signer.sign(&first);
    install(&home, &first, &["--key", &key]).ok();
    let shown = home.hal9(["policy", "distrust", ID, &key]).ok().stdout;
    assert!(shown.contains("no version of it is taken"), "{shown}");
    assert!(home.text().contains("keys = []"), "{}", home.text());
    let next = shelf.package(ID, "1.1.0", json!({}));
    refused(install(&home, &next, &["--allow-unsigned"]), "unsigned");
    signer.sign(&next);
    refused(install(&home, &next, &["--key", &key]), "untrusted-key");
    assert_eq!(home.versions(), ["test.signed 1.0.0"]);
    let send = || home.hal9(["--json", "signal", "send", "--layer", "L1", "--neuron", ID, "goes on"]);
    send().ok();
    home.hal9(["policy", "trust", ID, &key]).ok();
    install(&home, &next, &[]).ok();
}

#[test]
fn an_older_version_serves_again_only_if_it_could_be_installed_now() {
    let (home, shelf, signer) = (Home::trusting(), Shelf::new(), Signer::new());
    let key = signer.key().to_string();
    install(&home, &shelf.package(ID, "1.0.0", json!({})), &["--allow-unsigned"]).ok();
    let next = shelf.package(ID, "1.1.0", json!({}));
    signer.sign(&next);
    install(&home, &next, &["--key", &key]).ok();
    let serve = |version: &str| home.hal9(["--json", "plugin", "use", ID, version]);
    let error = refused(serve("1.0.0"), "unsigned");
    assert!(error["message"].as_str().unwrap().contains("version 1.0.0"), "{error}");
    assert_eq!(home.versions(), ["test.signed 1.1.0"]);
    // Where nothing is said of who signs it, one that was installed unsigned may serve while unsigned ones are allowed.
    let (home, shelf) = (Home::trusting(), Shelf::new());
    for version in ["1.0.0", "1.1.0"] {
        install(&home, &shelf.package(ID, version, json!({})), &["--allow-unsigned"]).ok();
    }
    let serve = |version: &str| home.hal9(["--json", "plugin", "use", ID, version]);
    serve("1.0.0").ok();
    std::fs::write(home.settings(), "").unwrap();
    refused(serve("1.1.0"), "unsigned");
}

#[test]
fn a_new_signature_of_the_same_package_is_taken() {
    let (home, shelf, signer, package) = signed();
    install(&home, &package, &[]).ok();
    let lock = shelf.path().join("hal9.lock");
    home.hal9(["plugin", "lock", "-o", lock.to_str().unwrap()]).ok();
    home.hal9(["policy", "revoke-key", &signer.key().to_string()]).ok();
    let send = || home.hal9(["--json", "signal", "send", "--layer", "L1", "--neuron", ID, "hello"]);
    refused(send(), "revoked-key");
    // What is there is not what a lock may bring.
    let from = shelf.path().to_str().unwrap().to_owned();
    let locked = |home: &Home| {
        home.hal9(["--json", "plugin", "install", "--lock", lock.to_str().unwrap(), "--from", &from, "--accept"])
    };
    refused(locked(&home), "revoked-key");
    // The signature of another author over the same bytes.
    let other = Signer::new();
    other.sign(&package);
    home.hal9(["policy", "trust", ID, &other.key().to_string()]).ok();
    let value = install(&home, &package, &[]).json();
    assert_eq!(value["installed"][0]["key"], other.key().id().to_string(), "{value}");
    send().ok();
    assert_eq!(install(&home, &package, &[]).json()["unchanged"][0]["id"], ID);
    home.hal9(["plugin", "lock", "-o", lock.to_str().unwrap()]).ok();
    assert_eq!(locked(&home).json()["installed"], json!([]));
}

#[test]
fn what_was_unsigned_is_signed_later_and_its_key_is_trusted() {
    let (home, shelf, signer) = (Home::trusting(), Shelf::new(), Signer::new());
    let package = shelf.package(ID, "1.0.0", json!({}));
    install(&home, &package, &["--allow-unsigned"]).ok();
    signer.sign(&package);
    let (key, number) = (signer.key().to_string(), signer.key().id().to_string());
    install(&home, &package, &["--key", &key]).ok();
    assert!(home.text().contains(&format!("keys = [\"{key}\"]")), "{}", home.text());
    assert_eq!(home.hal9(["--json", "plugin", "info", ID]).json()["installed"]["key_id"], number.as_str());
    // Where the settings were lost, the key is said again, and there is nothing else to do.
    std::fs::write(home.settings(), "").unwrap();
    let value = install(&home, &package, &["--key", &key]).json();
    assert_eq!((&value["installed"], home.text().contains(&key)), (&json!([]), true), "{value}");
}

#[test]
fn an_install_that_fails_trusts_nobody() {
    let (home, shelf, signer) = (Home::new(), Shelf::new(), Signer::new());
    let package = shelf.guest("uses-memory", "0.1.0");
    signer.sign(&package);
    let key = signer.key().to_string();
    // The folder that packages are written into is none.
    install(&home, &shelf.package("test.first", "1.0.0", json!({})), &[]).error(5);
    std::fs::remove_dir_all(home.path().join("store")).unwrap_or_default();
    std::fs::write(home.path().join("store"), "in the way").unwrap();
    let run = install(&home, &package, &["--key", &key]);
    assert_ne!(run.status, 0, "{run:?}");
    assert!(!home.text().contains(&key), "{}", home.text());
}
