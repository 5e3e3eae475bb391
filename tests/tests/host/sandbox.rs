//! WASI: inert until granted, and then no more than was granted.

use std::path::Path;

use hal9_host::{Error, LoadOptions, Plugin};

use crate::lab::{Lab, answer, ask, described, neuron};

/// The guest that tries things, with permissions.
fn wasi(lab: &Lab, id: &str, permissions: &[&str]) -> Plugin {
    lab.load_with("wasi", described(neuron(id, "L2", permissions))).unwrap()
}

#[tokio::test]
async fn nothing_of_the_machine_is_seen_until_it_is_granted() {
    let lab = Lab::shared();
    let plugin = wasi(lab, "test.wasi", &[]);
    let manifest_dir = env!("CARGO_MANIFEST_DIR");
    let tries = [
        ("env PATH".to_owned(), "None"),
        ("environment".to_owned(), "0 0"),
        (format!("read {manifest_dir}/Cargo.toml"), "NotFound"),
        ("read /etc/passwd".to_owned(), "NotFound"),
        ("read Cargo.toml".to_owned(), "NotFound"),
        ("list /".to_owned(), "NotFound"),
        ("write /tmp/hal9-probe".to_owned(), "NotFound"),
        ("time".to_owned(), "Ok(0)"),
        ("instant".to_owned(), "0ns"),
        ("stdin".to_owned(), r#"ok """#),
    ];
    for (order, expected) in tries {
        let said = answer(&plugin, &order).await;
        // The library has no word of its own for "no directory is open at all".
        let said = if said == "Uncategorized" { "NotFound" } else { &said };
        assert_eq!(said, expected, "{order}");
    }
    assert!(!Path::new("/tmp/hal9-probe").exists());
}

#[tokio::test]
async fn a_declared_right_that_is_not_granted_opens_nothing() {
    let lab = Lab::shared();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "text").unwrap();
    let read = format!("FileRead:{}=>/data", dir.path().display());
    let declared = neuron("test.wasi", "L2", &["SystemTime", "SystemRandom", "SystemEnv:PATH", &read]);
    let options = LoadOptions { manifest: Some(declared), ..LoadOptions::default() };
    let plugin = lab.load_with("wasi", options).unwrap();
    assert_eq!(answer(&plugin, "random").await, answer(&wasi(lab, "test.wasi", &[]), "random").await);
    assert_eq!(answer(&plugin, "time").await, "Ok(0)");
    assert_eq!(answer(&plugin, "env PATH").await, "None");
    assert!(!answer(&plugin, "read /data/file").await.starts_with("ok"));
}

#[tokio::test]
async fn environment_shows_the_variables_that_were_granted() {
    let lab = Lab::shared();
    let plugin = wasi(lab, "test.wasi", &["SystemEnv:PATH", "SystemEnv:HAL9_NO_SUCH_VARIABLE"]);
    assert_eq!(answer(&plugin, "env PATH").await, format!("{:?}", std::env::var("PATH").ok()));
    assert_eq!(answer(&plugin, "env HOME").await, "None");
    assert_eq!(answer(&plugin, "environment").await, "1 0");
}

#[tokio::test]
async fn time_runs_where_it_was_granted() {
    let lab = Lab::shared();
    let plugin = wasi(lab, "test.wasi", &["SystemTime"]);
    assert_ne!(answer(&plugin, "time").await, "Ok(0)");
    assert_ne!(answer(&plugin, "instant").await, "0ns");
}

#[tokio::test]
async fn randomness_is_a_plugin_s_own_row_until_it_is_granted() {
    let lab = Lab::shared();
    let plugin = wasi(lab, "test.wasi", &[]);
    let (first, second) = (answer(&plugin, "random").await, answer(&plugin, "random").await);
    assert_ne!(first, second, "it is a row of numbers, not one");
    plugin.stop().await.unwrap();
    assert_eq!(answer(&plugin, "random").await, first, "every instance begins at its beginning");
    assert_ne!(answer(&wasi(lab, "test.other", &[]), "random").await, first, "and every plugin has its own");
    let random = wasi(lab, "test.wasi", &["SystemRandom"]);
    let granted = answer(&random, "random").await;
    random.stop().await.unwrap();
    assert_ne!(answer(&random, "random").await, granted);
}

#[tokio::test]
async fn the_network_is_denied() {
    let lab = Lab::shared();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let plugin = wasi(lab, "test.wasi", &[]);
    assert_eq!(answer(&plugin, &format!("connect {address}")).await, "PermissionDenied");
    let name = answer(&plugin, &format!("connect localhost:{}", address.port())).await;
    assert!(!name.starts_with("ok"), "{name}");
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nobody knocked");
}

/// A directory `data` that is granted, and what lies outside of it.
fn folders() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("data/sub")).unwrap();
    std::fs::write(dir.path().join("data/file"), "inside").unwrap();
    std::fs::write(dir.path().join("data/sub/file"), "below").unwrap();
    std::fs::write(dir.path().join("secret"), "outside").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("../secret", dir.path().join("data/up")).unwrap();
        symlink(dir.path().join("secret"), dir.path().join("data/away")).unwrap();
        symlink("..", dir.path().join("data/parent")).unwrap();
    }
    dir
}

#[tokio::test]
async fn files_can_be_read_below_the_directory_that_was_granted() {
    let lab = Lab::shared();
    let dir = folders();
    let data = dir.path().join("data");
    let plugin = wasi(lab, "test.wasi", &[&format!("FileRead:{}=>/data", data.display())]);
    assert_eq!(answer(&plugin, "read /data/file").await, r#"ok "inside""#);
    assert_eq!(answer(&plugin, "read /data/sub/file").await, r#"ok "below""#);
    assert_eq!(answer(&plugin, "read /data/sub/../file").await, r#"ok "inside""#);
    for outside in [
        "/data/../secret",
        "/data/sub/../../secret",
        "/data/up",
        "/data/away",
        "/data/parent/secret",
        "/data//../secret",
        "/etc/passwd",
        "../secret",
        &dir.path().join("secret").display().to_string(),
        &data.join("file").display().to_string(),
    ] {
        for order in ["read", "write", "remove"] {
            let said = answer(&plugin, &format!("{order} {outside}")).await;
            assert!(
                !said.starts_with("ok") || (order == "remove" && !outside.contains("secret")),
                "{order} {outside}: {said}"
            );
        }
    }
    for order in ["write /data/new", "write /data/file", "remove /data/file"] {
        let said = answer(&plugin, order).await;
        assert!(["PermissionDenied", "ReadOnlyFilesystem"].contains(&said.as_str()), "{order}: {said}");
    }
    assert_eq!(std::fs::read_to_string(data.join("file")).unwrap(), "inside");
    assert_eq!(std::fs::read_to_string(dir.path().join("secret")).unwrap(), "outside");
    assert!(!data.join("new").exists());
    assert_eq!(plugin.stats().instances, 1, "a denial is an answer");
}

#[tokio::test]
async fn files_can_be_written_where_that_was_granted() {
    let lab = Lab::shared();
    let dir = folders();
    let data = dir.path().join("data");
    let scope = format!("{}=>/data", data.display());
    let plugin = wasi(lab, "test.wasi", &[&format!("FileWrite:{scope}"), &format!("FileRead:{scope}")]);
    assert_eq!(answer(&plugin, "write /data/new").await, "ok ()");
    assert_eq!(std::fs::read_to_string(data.join("new")).unwrap(), "written");
    assert_eq!(answer(&plugin, "read /data/new").await, r#"ok "written""#);
    assert_eq!(answer(&plugin, "remove /data/file").await, "ok ()");
    assert!(!data.join("file").exists());
    for outside in ["/data/../secret", "/data/up", "/data/away", "/data/parent/secret"] {
        let said = answer(&plugin, &format!("write {outside}")).await;
        assert!(!said.starts_with("ok"), "{outside}: {said}");
    }
    assert_eq!(std::fs::read_to_string(dir.path().join("secret")).unwrap(), "outside");
}

#[tokio::test]
async fn a_granted_directory_that_is_not_there_is_unavailable() {
    let lab = Lab::shared();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("later");
    let plugin = wasi(lab, "test.wasi", &[&format!("FileRead:{}=>/data", path.display())]);
    let error = ask(&plugin, "list /data").await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable { what, .. } if what.contains("later")), "{error:?}");
    std::fs::create_dir(&path).unwrap();
    assert_eq!(answer(&plugin, "list /data").await, "ok []");
}
