//! What a plugin may reach, and what is told of it.

use super::*;

/// Guard: a path is resolved below its folder, and what leads out of it is recorded once.
#[tokio::test]
async fn paths_stay_below_their_folder() {
    let dir = folders();
    let mut plugin = Instance::of(dir.path(), "FileWrite", &Limits::default(), &totals());
    for path in ["file", "sub/../file", "./sub/.", "sub/in"] {
        plugin.read(path).await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
    }
    plugin.seen.none();
    for path in ["..", "../secret", "sub/../../secret", "/etc/passwd", "/", "up", "away", "parent/secret"] {
        assert_eq!(plugin.read(path).await.unwrap_err(), ErrorCode::NotPermitted, "{path}");
        let said = plugin.seen.one(AuditKind::Deny);
        assert!(said.starts_with(&format!("`{path}` below /data was refused: it leads out")), "{said}");
        assert_eq!(plugin.create(path).await.unwrap_err(), ErrorCode::NotPermitted, "{path}");
        plugin.seen.one(AuditKind::Deny);
    }
    let (data, to) = (plugin.data(), plugin.data());
    let moved = soon(plugin.view().rename_at(data, "file".into(), to, "../file".into())).await;
    assert_eq!(code(moved.unwrap_err()), ErrorCode::NotPermitted);
    assert_eq!(fs::read_to_string(dir.path().join("secret")).unwrap(), "outside");
    assert!(!dir.path().join("file").exists());
}

/// Guard: a plugin makes no link that leads up, for other programs to follow.
#[tokio::test]
async fn links_that_lead_up_are_not_made() {
    let dir = folders();
    let mut plugin = Instance::of(dir.path(), "FileWrite", &Limits::default(), &totals());
    for target in ["../secret", "sub/../../secret", "/etc/passwd"] {
        let data = plugin.data();
        let made = soon(plugin.view().symlink_at(data, target.into(), "trap".into())).await;
        assert_eq!(code(made.unwrap_err()), ErrorCode::NotPermitted);
        plugin.seen.one(AuditKind::Deny);
    }
    assert!(dir.path().join("data/trap").symlink_metadata().is_err());
    let data = plugin.data();
    soon(plugin.view().symlink_at(data, "file".into(), "good".into())).await.unwrap();
    plugin.read("good").await.unwrap();
    plugin.seen.none();
}

/// Guard: what is neither a file nor a folder is not opened, so that no thread waits for the other end of a pipe.
#[tokio::test]
async fn special_files_are_not_opened() {
    let dir = folders();
    let at = |name: &str| dir.path().join("data").join(name);
    mknodat(CWD, at("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    std::os::unix::fs::symlink("pipe", at("to-pipe")).unwrap();
    let mut special = vec!["pipe", "socket", "to-pipe"];
    // Only where the tests may make one: /dev/zero.
    if mknodat(CWD, at("device"), FileType::CharacterDevice, Mode::RWXU, makedev(1, 5)).is_ok() {
        special.push("device");
    }
    let mut plugin = Instance::of(dir.path(), "FileWrite", &Limits::default(), &totals());
    for path in special {
        for flags in [DescriptorFlags::READ, DescriptorFlags::WRITE] {
            assert_eq!(
                plugin.open(path, OpenFlags::empty(), flags).await.unwrap_err(),
                ErrorCode::NotPermitted,
                "{path}"
            );
            let said = plugin.seen.one(AuditKind::Deny);
            assert!(said.contains("neither a regular file nor a folder"), "{said}");
        }
        let (data, flags) = (plugin.data(), PathFlags::SYMLINK_FOLLOW);
        let (now, view) = (NewTimestamp::Now, &mut plugin.view());
        let set = soon(view.set_times_at(data, flags, path.into(), now, now)).await;
        assert_eq!(code(set.unwrap_err()), ErrorCode::NotPermitted, "{path}");
        plugin.seen.one(AuditKind::Deny);
    }
    assert_eq!(plugin.files.open.hold().map(drop), Ok(()));
    plugin.read("file").await.unwrap();
    let data = plugin.data();
    soon(plugin.view().unlink_file_at(data, "pipe".into())).await.unwrap();
    plugin.seen.none();
}

/// Guard: nothing is changed through a grant to read, in whichever way, and each try is recorded once.
#[tokio::test]
async fn a_grant_to_read_is_not_one_to_write() {
    let dir = folders();
    for (kind, expected) in [("FileRead", Err(ErrorCode::ReadOnly)), ("FileWrite", Ok(()))] {
        let mut plugin = Instance::of(dir.path(), kind, &Limits::default(), &totals());
        let file = plugin.read("file").await.unwrap();
        plugin.seen.uses();
        let data = || Resource::new_borrow(plugin.data);
        let fds: Vec<Fd> = (0..12).map(|_| data()).collect();
        let [a, b, c, d, e, f, g, h, i, ..] = <[Fd; 12]>::try_from(fds).unwrap();
        let now = NewTimestamp::Now;
        let view = &mut plugin.view();
        let tries = [
            ("make", soon(view.create_directory_at(a, "new".into())).await),
            ("remove a folder", soon(view.remove_directory_at(b, "new".into())).await),
            ("link", soon(view.link_at(c, PathFlags::empty(), "file".into(), d, "hard".into())).await),
            ("soft link", soon(view.symlink_at(e, "file".into(), "soft".into())).await),
            ("remove", soon(view.unlink_file_at(f, "soft".into())).await),
            ("rename", soon(view.rename_at(g, "hard".into(), h, "renamed".into())).await),
            ("times", soon(view.set_times_at(i, PathFlags::empty(), "renamed".into(), now, now)).await),
            ("own times", soon(view.set_times(borrow(&file), now, now)).await),
            ("stream", view.write_via_stream(borrow(&file), 0).map(drop)),
            ("append", view.append_via_stream(borrow(&file)).map(drop)),
        ];
        for (what, result) in tries {
            assert_eq!(result.map_err(code), expected, "{kind}: {what}");
        }
        let mut count = 10;
        let opens = [
            (OpenFlags::CREATE, DescriptorFlags::READ),
            (OpenFlags::TRUNCATE, DescriptorFlags::READ),
            (OpenFlags::empty(), DescriptorFlags::WRITE),
        ];
        for (open, flags) in opens {
            let opened = plugin.open("renamed", open, flags).await;
            assert_eq!(opened.as_ref().map(drop).map_err(|code| *code), expected);
            count += 1;
            if let Ok(fd) = opened {
                plugin.write(&fd, 3, 0).await.unwrap_or_default();
            }
        }
        match kind {
            "FileRead" => {
                let records = std::mem::take(&mut *plugin.seen.records.lock().unwrap());
                assert_eq!(records.len(), count);
                let wanted = format!("FileWrite:{}=>/data", dir.path().join("data").display());
                assert!(records.iter().all(|it| it.permission.as_ref().unwrap().to_string() == wanted), "{records:?}");
                assert_eq!(plugin.seen.uses(), [] as [&str; 0], "what was refused was not used");
            }
            _ => plugin.seen.none(),
        }
    }
}

/// What a run needs is told: a right to write that was used to read is a right to read.
#[tokio::test]
async fn uses_are_told_as_what_they_need() {
    let dir = folders();
    let scope = format!("{}=>/data", dir.path().join("data").display());
    let mut plugin = Instance::of(dir.path(), "FileWrite", &Limits::default(), &totals());
    let file = plugin.read("file").await.unwrap();
    assert_eq!(soon(plugin.view().read(borrow(&file), 99, 0)).await.unwrap(), (b"inside".to_vec(), false));
    let data = plugin.data();
    soon(plugin.view().read_directory(data)).await.unwrap();
    assert_eq!(plugin.seen.uses(), [format!("FileRead:{scope}")]);
    let new = plugin.create("new").await.unwrap();
    plugin.write(&new, 1, 0).await.unwrap();
    assert_eq!(plugin.seen.uses(), [format!("FileWrite:{scope}")]);
}
