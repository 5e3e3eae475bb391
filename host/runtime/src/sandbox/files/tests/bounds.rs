//! How much a plugin may use up.

use super::*;

fn limits(file_bytes: u64) -> Limits {
    Limits { file_bytes: ByteSize(file_bytes), ..Limits::default() }
}

/// Guard: bytes written count to the last one, for all instances of a plugin; so does what lies between a file's end and
/// them, and what a file grows by.
#[tokio::test]
async fn bytes_count_to_the_last_one() {
    let dir = folders();
    let size = |name: &str| fs::metadata(dir.path().join("data").join(name)).unwrap().len();
    let mut plugin = Instance::of(dir.path(), "FileWrite", &limits(100), &totals());
    let file = plugin.create("new").await.unwrap();
    assert_eq!(plugin.write(&file, 10, 0).await, Ok(10));
    assert_eq!(plugin.write(&file, 10, 0).await, Ok(10), "over what is there: it counts again");
    assert_eq!(plugin.write(&file, 10, 20).await, Ok(10), "and ten that were skipped");
    soon(plugin.view().set_size(borrow(&file), 5)).await.unwrap();
    soon(plugin.view().set_size(borrow(&file), 45)).await.unwrap();
    plugin.seen.none();

    // Eighty are written: twenty are left, also to the next instance.
    let mut plugin = Instance::again(plugin.files.clone(), plugin.seen.clone());
    let file = plugin.create("new").await.unwrap();
    for grow in [66, u64::MAX] {
        assert_eq!(code(soon(plugin.view().set_size(borrow(&file), grow)).await.unwrap_err()), ErrorCode::Quota);
        assert!(plugin.seen.one(AuditKind::Limit).contains("file-bytes"));
    }
    for (bytes, offset) in [(21, 0), (1, 65), (1, u64::MAX)] {
        assert_eq!(plugin.write(&file, bytes, offset).await, Err(ErrorCode::Quota), "{bytes} at {offset}");
        plugin.seen.one(AuditKind::Limit);
    }
    assert_eq!(size("new"), 45);
    assert_eq!(plugin.write(&file, 20, 45).await, Ok(20));
    assert_eq!(plugin.write(&file, 1, 0).await, Err(ErrorCode::Quota));
    assert_eq!(size("new"), 65);
}

/// Guard: what fails without a byte written takes nothing.
#[tokio::test]
async fn a_write_that_fails_takes_nothing() {
    let dir = folders();
    let mut plugin = Instance::of(dir.path(), "FileWrite", &limits(10), &totals());
    let closed = plugin.read("file").await.unwrap();
    assert!(plugin.write(&closed, 10, 0).await.is_err(), "it is open for reading");
    let file = plugin.create("new").await.unwrap();
    assert_eq!(plugin.write(&file, 10, 0).await, Ok(10));
}

/// Guard: a stream is not a way around the count, be it from a place or at the end.
#[tokio::test]
async fn streams_count_as_well() {
    let dir = folders();
    let mut plugin = Instance::of(dir.path(), "FileWrite", &limits(100), &totals());
    let file = plugin.create("new").await.unwrap();
    for (place, fits) in [(Some(30), 10), (None, 60)] {
        let stream = match place {
            Some(offset) => plugin.view().write_via_stream(borrow(&file), offset).unwrap(),
            None => plugin.view().append_via_stream(borrow(&file)).unwrap(),
        };
        let stream: &mut DynOutputStream = plugin.table.get_mut(&stream).unwrap();
        let half = vec![b'x'; fits / 2];
        soon(stream.blocking_write_and_flush(half.clone().into())).await.unwrap();
        soon(stream.blocking_write_and_flush(half.into())).await.unwrap();
        plugin.seen.none();
    }
    assert_eq!(fs::metadata(dir.path().join("data/new")).unwrap().len(), 100);
    let stream = plugin.view().append_via_stream(borrow(&file)).unwrap();
    let stream: &mut DynOutputStream = plugin.table.get_mut(&stream).unwrap();
    assert!(stream.check_write().unwrap() > 0);
    stream.write(b"y".to_vec().into()).unwrap();
    soon(stream.cancel()).await;
    let Err(StreamError::LastOperationFailed(error)) = stream.check_write() else { panic!("it went through") };
    assert!(matches!(stream.check_write(), Err(StreamError::Closed)));
    plugin.seen.one(AuditKind::Limit);
    let error = plugin.table.push(error).unwrap();
    assert_eq!(plugin.view().filesystem_error_code(error).unwrap(), Some(ErrorCode::Quota));
    assert_eq!(fs::metadata(dir.path().join("data/new")).unwrap().len(), 100);
}

/// Streams read what is there, to its end.
#[tokio::test]
async fn streams_read_to_the_end() {
    let dir = folders();
    fs::write(dir.path().join("data/large"), vec![b'z'; 200_000]).unwrap();
    let mut plugin = Instance::of(dir.path(), "FileRead", &Limits::default(), &totals());
    let file = plugin.read("large").await.unwrap();
    let stream = plugin.view().read_via_stream(borrow(&file), 10).unwrap();
    let stream = plugin.table.get_mut(&stream).unwrap();
    let mut read = 0;
    let end = loop {
        match soon(stream.blocking_read(100_000)).await {
            Ok(bytes) => read += bytes.len(),
            Err(end) => break end,
        }
    };
    assert!(matches!(end, StreamError::Closed), "{end}");
    assert_eq!(read, 199_990);
}

/// Guard: a plugin has so many files and folders open; a stream and a listing hold what they read.
#[tokio::test]
async fn open_files_are_counted_until_nothing_holds_them() {
    let dir = folders();
    for number in 0..300 {
        fs::write(dir.path().join(format!("data/{number}")), "").unwrap();
    }
    let limits = Limits { open_files: 3, ..Limits::default() };
    let mut plugin = Instance::of(dir.path(), "FileRead", &limits, &totals());
    let file = plugin.read("file").await.unwrap();
    let stream = plugin.view().read_via_stream(borrow(&file), 0).unwrap();
    plugin.read("sub").await.unwrap();
    let data = plugin.data();
    let entries = soon(plugin.view().read_directory(data)).await.unwrap();
    plugin.seen.none();
    assert_eq!(plugin.read("file").await.unwrap_err(), ErrorCode::Quota);
    assert!(plugin.seen.one(AuditKind::Limit).contains("open-files"));

    plugin.close(&file);
    assert_eq!(plugin.read("file").await.unwrap_err(), ErrorCode::Quota, "the stream has it open");
    drop(plugin.table.delete(stream).unwrap());
    let file = plugin.read("file").await.unwrap();
    // A listing that is at its end has let go.
    while soon(plugin.view().read_directory_entry(Resource::new_borrow(entries.rep()))).await.unwrap().is_some() {}
    plugin.read("file").await.unwrap();
    assert!(plugin.read("none").await.is_err());
    plugin.close(&file);
    plugin.read("file").await.unwrap();

    // What an instance held is free when it is gone.
    let mut next = Instance::again(plugin.files.clone(), plugin.seen.clone());
    assert_eq!(next.read("file").await.unwrap_err(), ErrorCode::Quota);
    drop(plugin);
    next.read("file").await.unwrap();
}

/// Guard: all plugins together are bounded, however little each of them has.
#[tokio::test]
async fn two_plugins_reach_the_bounds_of_all() {
    let dir = folders();
    let mut all = HostLimits::default();
    (all.open_files, all.file_bytes) = (3, ByteSize(10));
    let totals = Totals::new(&all);
    let mut a = Instance::of(dir.path(), "FileWrite", &Limits::default(), &totals);
    let mut b = Instance::of(dir.path(), "FileWrite", &Limits::default(), &totals);
    let (first, _second) = (a.create("a").await.unwrap(), a.read("sub").await.unwrap());
    let other = b.create("b").await.unwrap();
    assert_eq!(b.read("file").await.unwrap_err(), ErrorCode::Quota);
    assert!(b.seen.one(AuditKind::Limit).ends_with("that of all plugins together"));
    assert_eq!(a.write(&first, 6, 0).await, Ok(6));
    assert_eq!(b.write(&other, 5, 0).await, Err(ErrorCode::Quota));
    assert_eq!(b.write(&other, 4, 0).await, Ok(4));
    drop(a);
    b.read("file").await.unwrap();
    assert_eq!(b.write(&other, 1, 0).await, Err(ErrorCode::Quota), "what is on the disk stays");
}

/// Guard: a disk is full of empty files as well.
#[tokio::test]
async fn new_files_are_counted() {
    let dir = folders();
    let mut plugin = Instance::of(dir.path(), "FileWrite", &limits(1), &totals());
    for number in 0..ENTRIES {
        let file = plugin.create(&format!("new-{number}")).await.unwrap();
        plugin.close(&file);
    }
    plugin.seen.none();
    assert_eq!(plugin.create("one-more").await.unwrap_err(), ErrorCode::Quota);
    let data = plugin.data();
    let made = soon(plugin.view().create_directory_at(data, "folder".into())).await;
    assert_eq!(code(made.unwrap_err()), ErrorCode::Quota);
    assert!(!dir.path().join("data/one-more").exists() && !dir.path().join("data/folder").exists());
    plugin.create("new-0").await.unwrap();

    let mut plugin = Instance::of(dir.path(), "FileWrite", &limits(1), &totals());
    for _ in 0..2 * ENTRIES {
        let data = plugin.data();
        let made = soon(plugin.view().create_directory_at(data, "sub".into())).await;
        assert_eq!(code(made.unwrap_err()), ErrorCode::Exist, "what is not made takes nothing");
    }
}

/// Guard: however much is in a folder, the host keeps a little of it at a time, and the plugin sees all.
#[tokio::test]
async fn a_large_folder_is_listed_bit_by_bit() {
    let dir = folders();
    for number in 0..1_000 {
        fs::write(dir.path().join(format!("data/sub/{number}")), "").unwrap();
    }
    mknodat(CWD, dir.path().join("data/sub/pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let mut plugin = Instance::of(dir.path(), "FileRead", &Limits::default(), &totals());
    let data = plugin.data();
    let granted = soon(plugin.view().read_directory(data)).await.unwrap();
    assert!(soon(plugin.view().read_directory_entry(granted)).await.unwrap().is_some());
    let sub = plugin.read("sub").await.unwrap();
    let entries = soon(plugin.view().read_directory(sub)).await.unwrap().rep();
    let mut seen = std::collections::BTreeMap::new();
    while let Some(entry) = soon(plugin.view().read_directory_entry(Resource::new_borrow(entries))).await.unwrap() {
        assert_eq!(seen.insert(entry.name, entry.type_), None);
        let kept = plugin.table.get(&Resource::<listing::Listing>::new_borrow(entries)).unwrap().read.len();
        assert!(kept < 256, "{kept}");
    }
    assert_eq!(seen.len(), 1_002);
    assert_eq!(seen["7"], DescriptorType::RegularFile);
    assert_eq!(seen["in"], DescriptorType::SymbolicLink);
    assert_eq!(seen["pipe"], DescriptorType::Fifo);
    let file = plugin.read("file").await.unwrap();
    assert_eq!(code(soon(plugin.view().read_directory(file)).await.unwrap_err()), ErrorCode::NotDirectory);
}

/// Guard: a plugin that calls too often is stopped, whatever it calls.
#[tokio::test]
async fn calls_have_a_rate() {
    let dir = folders();
    let limits = Limits { host_calls: 5, ..Limits::default() };
    let mut plugin = Instance::of(dir.path(), "FileRead", &limits, &totals());
    for _ in 0..5 {
        let data = plugin.data();
        soon(plugin.view().stat(data)).await.unwrap();
    }
    let data = plugin.data();
    let error = soon(plugin.view().stat(data)).await.unwrap_err();
    assert!(error.downcast().unwrap_err().is::<Breach>());
}

/// Guard: what hangs on a disk takes a plugin's own few threads, also when nobody waits for it any more, and no others.
#[tokio::test]
async fn a_plugin_has_few_threads_however_much_hangs() {
    let dir = folders();
    let mut plugin = Instance::of(dir.path(), "FileRead", &Limits::default(), &totals());
    let mut other = Instance::of(dir.path(), "FileRead", &Limits::default(), &totals());
    let (begun, begins) = mpsc::channel();
    let mut holds = Vec::new();
    for _ in 0..THREADS {
        let (hold, held) = mpsc::channel::<()>();
        holds.push(hold);
        let begun = begun.clone();
        let hangs = blocking(plugin.files.threads.clone(), move || {
            begun.send(()).unwrap();
            held.recv().unwrap_err();
        });
        // The call is over before the work is, as at a deadline.
        assert!(hangs.now_or_never().is_none());
        begins.recv().unwrap();
    }
    assert!(plugin.read("file").now_or_never().is_none(), "it waits");
    assert_eq!(plugin.files.threads.available_permits(), 0);
    other.read("file").await.unwrap();
    holds.pop();
    plugin.read("file").await.unwrap();
}
