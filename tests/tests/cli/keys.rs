//! Keys and signatures: made, used and checked, by this command and by Debian's `minisign`.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::home::{Home, Run};

/// What passwords are in these tests.
const PASSWORD: &str = "correct horse";

/// A home with a package in it.
fn with_package() -> (Home, PathBuf) {
    let home = Home::new();
    let folder = home.path().join("project");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(hal9_tests::guest("echo"), folder.join("echo.wasm")).unwrap();
    let package = home.path().join("echo.hal9");
    home.hal9(["plugin", "pack", folder.to_str().unwrap(), "-o", package.to_str().unwrap()]).ok();
    (home, package)
}

/// The command in its home's folder, so that names of files are short.
fn hal9(home: &Home, args: &[&str]) -> Run {
    Run::of(home.command(["--json"].iter().chain(args)).current_dir(home.path()))
}

fn with_password(home: &Home, password: &str, args: &[&str]) -> Run {
    let mut command = home.command(["--json"].iter().chain(args));
    Run::of(command.current_dir(home.path()).env("HAL9_KEY_PASSWORD", password))
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn what_was_signed_is_verified_and_nothing_else_is() {
    let (home, package) = with_package();
    let made = hal9(&home, &["plugin", "keygen", "-o", "me", "--no-password"]).json();
    assert_eq!((&made["secret_key"], &made["public_key"]), (&"me.key".into(), &"me.pub".into()));
    let mode = home.path().join("me.key").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "its owner's alone");
    let signed = hal9(&home, &["plugin", "sign", "echo.hal9", "--key", "me.key"]).json();
    assert_eq!(signed["key"], made["key"]);
    let verify = |key: &str| hal9(&home, &["plugin", "verify", "echo.hal9", "--key", key]);
    let verified = verify("me.pub").json();
    let comment = verified["trusted_comment"].as_str().unwrap();
    assert_eq!(comment, format!("test.echo 0.1.0 {}", signed["digest"].as_str().unwrap()));
    verify(made["key"].as_str().unwrap()).ok();
    let seen = hal9(&home, &["plugin", "inspect", "echo.hal9"]).json();
    assert_eq!(seen["package"]["signature"]["key_id"], made["key_id"]);

    let refused = |run: Run, reason: &str| {
        let error = run.error(5);
        assert_eq!((&error["code"], &error["reason"]), (&"signature".into(), &reason.into()), "{error}");
        assert!(error["help"].is_string(), "{error}");
    };
    hal9(&home, &["plugin", "keygen", "-o", "other", "--no-password"]).ok();
    refused(verify("other.pub"), "untrusted-key");
    let signature = home.path().join("echo.hal9.minisig");
    let good = std::fs::read(&signature).unwrap();
    for at in [0, 100, std::fs::metadata(&package).unwrap().len() as usize - 1] {
        change(&package, |bytes| bytes[at] ^= 1);
        refused(verify("me.pub"), "bad-signature");
        change(&package, |bytes| bytes[at] ^= 1);
    }
    verify("me.pub").ok();
    let trusted = String::from_utf8(good.clone()).unwrap().replace("0.1.0", "0.2.0");
    std::fs::write(&signature, trusted).unwrap();
    refused(verify("me.pub"), "bad-signature");
    std::fs::write(&signature, "no signature").unwrap();
    refused(verify("me.pub"), "bad-signature");
    std::fs::remove_file(&signature).unwrap();
    refused(verify("me.pub"), "unsigned");
    std::fs::write(home.path().join("elsewhere"), good).unwrap();
    hal9(&home, &["plugin", "verify", "echo.hal9", "--key", "me.pub", "--signature", "elsewhere"]).ok();
    verify("nobody.pub").error(3);
    verify("echo.hal9").error(2);
    hal9(&home, &["plugin", "verify", "nothing.hal9", "--key", "me.pub"]).error(3);
}

#[test]
fn a_key_that_is_there_is_never_written_over() {
    let home = Home::new();
    let made = hal9(&home, &["plugin", "keygen", "--no-password"]).json();
    let key = home.path().join("keys/default.key");
    assert_eq!(made["secret_key"], key.to_str().unwrap());
    assert_eq!(home.path().join("keys").metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let before = std::fs::read(&key).unwrap();
    let error = hal9(&home, &["plugin", "keygen", "--no-password"]).error(10);
    assert!(error["message"].as_str().unwrap().contains("default.key"), "{error}");
    assert_eq!(std::fs::read(&key).unwrap(), before);
    // Nor is the public half, where that alone is there.
    std::fs::write(home.path().join("me.pub"), "mine").unwrap();
    hal9(&home, &["plugin", "keygen", "-o", "me", "--no-password"]).error(10);
    assert!(!home.path().join("me.key").exists());
    assert_eq!(std::fs::read(home.path().join("me.pub")).unwrap(), b"mine");
}

#[test]
fn a_secret_key_that_was_given_for_a_public_one_is_not_shown() {
    let (home, _) = with_package();
    hal9(&home, &["plugin", "keygen", "-o", "me", "--no-password"]).ok();
    hal9(&home, &["plugin", "sign", "echo.hal9", "--key", "me.key"]).ok();
    let text = std::fs::read_to_string(home.path().join("me.key")).unwrap();
    let line = text.lines().nth(1).unwrap();
    let hidden = |run: Run| {
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!((10..line.len()).all(|end| !shown.contains(&line[end - 10..end])), "{shown}");
        run
    };
    for args in [
        &["plugin", "verify", "echo.hal9", "--key", "me.key"][..],
        &["plugin", "install", "echo.hal9", "--key", "me.key"],
        &["policy", "trust", "test.echo", "me.key"],
    ] {
        let error = hidden(hal9(&home, args)).error(2);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("me.key") && message.contains("secret key"), "{error}");
        assert!(error.to_string().contains(".pub"), "{error}");
    }
    for args in [&["plugin", "verify", "echo.hal9", "--key", line][..], &["policy", "trust", "test.echo", line]] {
        hidden(hal9(&home, args)).error(2);
    }
    hidden(hal9(&home, &["plugin", "verify", "echo.hal9", "--key", "me.pub", "--signature", "me.key"])).error(5);
    std::fs::write(home.settings(), format!("[plugins.\"test.echo\"]\nkeys = [\"{line}\"]\n")).unwrap();
    let error = hidden(hal9(&home, &["plugin", "list"])).error(2);
    assert!(error["message"].as_str().unwrap().contains("a secret key"), "{error}");
}

#[test]
fn a_password_opens_its_key_and_no_other_does() {
    let (home, _) = with_package();
    let made = with_password(&home, PASSWORD, &["plugin", "keygen"]).json();
    assert_eq!(made["encrypted"], true);
    let sign = ["plugin", "sign", "echo.hal9"];
    let error = with_password(&home, "wrong", &sign).error(2);
    assert!(error["message"].as_str().unwrap().contains("password"), "{error}");
    assert!(!home.path().join("echo.hal9.minisig").exists());
    // There is no terminal here, and nobody is left waiting.
    let error = hal9(&home, &sign).error(2);
    assert!(error["help"].as_str().unwrap().contains("HAL9_KEY_PASSWORD"), "{error}");
    with_password(&home, "", &sign).error(2);
    hal9(&home, &["plugin", "keygen", "-o", "new"]).error(2);
    with_password(&home, PASSWORD, &sign).ok();
    hal9(&home, &["plugin", "verify", "echo.hal9", "--key", made["key"].as_str().unwrap()]).ok();
    let project = home.path().join("project");
    let pack = ["plugin", "pack", project.to_str().unwrap(), "-o", "signed.hal9", "--sign", "keys/default.key"];
    let packed = with_password(&home, PASSWORD, &pack).json();
    assert_eq!(packed["signature"], "signed.hal9.minisig");
    hal9(&home, &["plugin", "verify", "signed.hal9", "--key", "keys/default.pub"]).ok();
    let error = hal9(&home, &["plugin", "sign", "echo.hal9", "--key", "no.key"]).error(3);
    assert!(error["help"].as_str().unwrap().contains("keygen"), "{error}");
    hal9(&home, &["plugin", "sign", "echo.hal9", "--key", "keys/default.pub"]).error(2);
}

#[test]
fn a_password_is_typed_on_a_terminal_and_not_shown() {
    let home = Home::new();
    let command = home.command([] as [&str; 0]);
    let program = command.get_program().to_str().unwrap();
    // `script` gives it a terminal, and copies to it what is written here.
    let type_in = |answers: [&str; 2]| {
        let line = format!("{program} plugin keygen -o typed");
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(home.path());
        script.env("HAL9_HOME", home.path()).env_remove("HAL9_KEY_PASSWORD");
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut shown = Vec::new();
        for (prompt, answer) in [("typed.key: ", answers[0]), ("again: ", answers[1])] {
            let mut byte = [0];
            while !shown.ends_with(prompt.as_bytes()) && screen.read(&mut byte).unwrap() == 1 {
                shown.push(byte[0]);
            }
            keys.write_all(answer.as_bytes()).unwrap();
        }
        screen.read_to_end(&mut shown).unwrap();
        drop(keys);
        let status = child.wait().unwrap();
        let shown = String::from_utf8_lossy(&shown).into_owned();
        assert!(!shown.contains("horse"), "{shown}");
        (status.code().unwrap(), shown)
    };
    let (status, shown) = type_in(["correct horse\r", "correct house\r"]);
    assert_eq!(status, 2, "{shown}");
    assert!(!home.path().join("typed.key").exists());
    // Ctrl-C ends it, and is no part of the password.
    let (status, shown) = type_in(["correct horse\r", "corr\u{3}"]);
    assert_eq!(status, 2, "{shown}");
    let (status, shown) = type_in(["correct horse\r", "correct x\u{7f}horse\r"]);
    assert_eq!(status, 0, "{shown}");
    let text = std::fs::read_to_string(home.path().join("typed.key")).unwrap();
    assert!(hal9_package::SecretKey::from_text(&text, Some(PASSWORD)).is_ok(), "it is what was typed");
}

/// Debian's `minisign`, which is brought where it is missing.
///
/// # Panics
///
/// Where it cannot be had: what it says of our signatures cannot be known without it.
pub(crate) fn minisign(home: &Home, input: &str, args: &[&str]) -> bool {
    static THERE: OnceLock<()> = OnceLock::new();
    THERE.get_or_init(|| {
        let there = || Command::new("minisign").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
        if !there() {
            let _ = Command::new("apt-get").args(["update", "-q"]).output();
            let _ = Command::new("apt-get").args(["install", "-qy", "minisign"]).output();
        }
        assert!(there(), "this test needs the program minisign: apt-get install minisign");
    });
    let mut command = Command::new("minisign");
    command.args(args).current_dir(home.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that asks for nothing closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap().status.success()
}

#[test]
fn minisign_accepts_what_is_signed_here() {
    let (home, package) = with_package();
    for (name, password) in [("plain", None), ("locked", Some(PASSWORD))] {
        let (key, public) = (format!("{name}.key"), format!("{name}.pub"));
        match password {
            None => hal9(&home, &["plugin", "keygen", "-o", name, "--no-password"]).ok(),
            Some(password) => with_password(&home, password, &["plugin", "keygen", "-o", name]).ok(),
        };
        let sign = ["plugin", "sign", "echo.hal9", "--key", &key];
        match password {
            None => hal9(&home, &sign).ok(),
            Some(password) => with_password(&home, password, &sign).ok(),
        };
        let verify = ["-V", "-p", &public, "-m", "echo.hal9"];
        assert!(minisign(&home, "", &verify), "{name}");
        change(&package, |bytes| bytes[99] ^= 1);
        assert!(!minisign(&home, "", &verify), "{name}: a changed byte");
        change(&package, |bytes| bytes[99] ^= 1);
        // Our secret keys are keys of its own.
        let input = password.map_or_else(String::new, |password| format!("{password}\n"));
        assert!(minisign(&home, &input, &["-S", "-s", &key, "-m", "echo.hal9", "-x", "theirs"]), "{name}");
        hal9(&home, &["plugin", "verify", "echo.hal9", "--key", &public, "--signature", "theirs"]).ok();
    }
}

#[test]
fn what_minisign_signs_is_accepted_here() {
    let (home, _) = with_package();
    for (name, password) in [("plain", None), ("locked", Some(PASSWORD))] {
        let (key, public) = (format!("{name}.key"), format!("{name}.pub"));
        let input = password.map_or_else(String::new, |password| format!("{password}\n{password}\n"));
        let mut generate = vec!["-G", "-p", &public, "-s", &key];
        generate.extend(password.is_none().then_some("-W"));
        assert!(minisign(&home, &input, &generate), "{name}");
        assert!(minisign(&home, &input, &["-S", "-s", &key, "-m", "echo.hal9"]), "{name}");
        hal9(&home, &["plugin", "verify", "echo.hal9", "--key", &public]).ok();
        // Its secret keys sign here as well.
        let sign = ["plugin", "sign", "echo.hal9", "--key", &key];
        match password {
            None => hal9(&home, &sign).ok(),
            Some(password) => with_password(&home, password, &sign).ok(),
        };
        assert!(minisign(&home, "", &["-V", "-p", &public, "-m", "echo.hal9"]), "{name}");
    }
    hal9(&home, &["plugin", "verify", "echo.hal9", "--key", "plain.pub"]).error(5);
}
