use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::*;
use crate::engine::EngineConfig;

/// Keeps what is recorded.
#[derive(Default)]
struct Records(Mutex<Vec<AuditEvent>>);

impl AuditSink for Records {
    fn record(&self, event: &AuditEvent) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Records {
    /// What was recorded since this was last asked: kinds and messages.
    fn take(&self) -> Vec<(AuditKind, String)> {
        self.0.lock().unwrap().drain(..).map(|event| (event.kind, event.message)).collect()
    }
}

/// A host's compiler, with a cache in a folder.
struct Bench {
    engine: Engine,
    records: Arc<Records>,
    folder: tempfile::TempDir,
}

/// Components of different code.
const ONE: &str = "(component (core module (func (export \"f\") (result i32) i32.const 1)))";
const TWO: &str = "(component (core module (func (export \"f\") (result i32) i32.const 2)))";

impl Bench {
    fn new() -> Self {
        let config = EngineConfig { max_instances: 1, max_memory: 1 << 20, ..Default::default() };
        let folder = tempfile::tempdir().unwrap();
        Self { engine: Engine::new(&config).unwrap(), records: Arc::default(), folder }
    }

    fn compiler(&self, place: CompileIn) -> Compiler {
        self.compiler_at(place, self.folder.path())
    }

    fn compiler_at(&self, place: CompileIn, folder: &Path) -> Compiler {
        let at = CacheAt { folder: folder.to_owned(), most: ByteSize::mib(64) };
        Compiler::new(place, Some(&at), Arc::clone(&self.records) as _)
    }

    fn compile(&self, compiler: &Compiler, text: &str) -> Result<(), Error> {
        compiler.compile(&self.engine, "test.plugin", &wat::parse_str(text).unwrap(), Init::Copied).map(drop)
    }

    /// Compiles in this process, and keeps the code.
    fn fill(&self, text: &str) {
        self.compile(&self.compiler(CompileIn::Process), text).unwrap();
    }

    /// Whether the cache has it: no program compiles here.
    fn has(&self, text: &str) -> bool {
        match self.compile(&self.compiler(nobody()), text) {
            Ok(()) => true,
            Err(Error::Unavailable { .. }) => false,
            Err(other) => panic!("{other}"),
        }
    }

    /// The only entry.
    fn entry(&self) -> PathBuf {
        let mut entries = entries(self.folder.path());
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.remove(0)
    }

    /// The cache is as somebody left it: what is there is not used, and recorded once, and replaced.
    #[track_caller]
    fn is_refused(&self, text: &str, reason: &str) {
        assert!(!self.has(text), "nobody runs what is there");
        let records = self.records.take();
        assert!(matches!(&records[..], [(AuditKind::Cache, message)] if message.contains(reason)), "{records:?}");
        self.fill(text);
        assert!(self.has(text));
        assert_eq!(self.records.take(), []);
    }
}

fn nobody() -> CompileIn {
    CompileIn::Child(Child::new("/bin/false", [""; 0]))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| !path.ends_with(folder::KEY));
    paths
}

#[test]
fn what_was_compiled_once_is_not_compiled_again() {
    let bench = Bench::new();
    assert!(!bench.has(ONE));
    bench.fill(ONE);
    assert!(bench.has(ONE) && !bench.has(TWO));
    assert_eq!(bench.records.take(), []);
}

#[test]
fn a_byte_that_changed_and_an_entry_cut_short_are_compiled_again() {
    // The guard: no code is made ready to run before its seal was held against it.
    let bench = Bench::new();
    bench.fill(ONE);
    let whole = fs::read(bench.entry()).unwrap();
    for at in [0, 8, 40, 48, 80, 84, 200, whole.len() / 2, whole.len() - 1] {
        let mut changed = fs::read(bench.entry()).unwrap();
        changed[at] ^= 0x40;
        fs::write(bench.entry(), changed).unwrap();
        bench.is_refused(ONE, "dropped");
    }
    for length in [0, 7, 79, 80, whole.len() - 1] {
        fs::write(bench.entry(), &whole[..length]).unwrap();
        bench.is_refused(ONE, "");
    }
    fs::write(bench.entry(), [&whole[..], b"more"].concat()).unwrap();
    bench.is_refused(ONE, "length");
}

#[test]
fn code_without_a_seal_and_code_of_another_key_do_not_run() {
    let (bench, other) = (Bench::new(), Bench::new());
    bench.fill(ONE);
    other.fill(ONE);
    let foreign = fs::read(other.entry()).unwrap();
    fs::write(bench.entry(), &foreign[80..]).unwrap();
    bench.is_refused(ONE, "another format");
    // Its name and all, as somebody would who has a cache of their own.
    fs::write(bench.entry(), &foreign).unwrap();
    bench.is_refused(ONE, "another component");
    let mut forged = fs::read(bench.entry()).unwrap();
    forged.splice(48.., foreign[48..].iter().copied());
    fs::write(bench.entry(), forged).unwrap();
    bench.is_refused(ONE, "another key");
}

#[test]
fn the_code_of_one_component_is_not_run_for_another() {
    let bench = Bench::new();
    bench.fill(ONE);
    let one = bench.entry();
    bench.fill(TWO);
    let two = entries(bench.folder.path()).into_iter().find(|path| *path != one).unwrap();
    fs::copy(&two, &one).unwrap();
    bench.is_refused(ONE, "another component");
    assert!(bench.has(TWO));
}

#[test]
fn a_key_that_others_could_read_seals_nothing_any_more() {
    let bench = Bench::new();
    bench.fill(ONE);
    fs::set_permissions(bench.folder.path().join(folder::KEY), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(!bench.has(ONE));
    let records = bench.records.take();
    assert!(
        matches!(&records[..], [(AuditKind::Cache, message)] if message.contains("others may read")),
        "{records:?}"
    );
    bench.fill(ONE);
    assert!(bench.has(ONE));
    assert_eq!(bench.records.take(), []);
}

#[test]
fn a_cache_that_cannot_be_used_keeps_nobody_from_compiling() {
    let bench = Bench::new();
    let file = bench.folder.path().join("file");
    fs::write(&file, "").unwrap();
    bench.compile(&bench.compiler_at(CompileIn::Process, &file), ONE).unwrap();
    // A folder that is gone while the host is at work.
    let gone = bench.folder.path().join("gone");
    let compiler = bench.compiler_at(CompileIn::Process, &gone);
    fs::remove_dir_all(&gone).unwrap();
    bench.compile(&compiler, ONE).unwrap();
}

#[test]
fn what_does_not_compile_is_not_kept() {
    let bench = Bench::new();
    let compiler = bench.compiler(CompileIn::Process);
    // More than the engine's pool offers: only the last step sees that.
    let large = "(component (core module $m (memory 100)) (core instance (instantiate $m)))";
    assert!(matches!(bench.compile(&compiler, large), Err(Error::InvalidComponent { .. })));
    assert!(matches!(
        compiler.compile(&bench.engine, "x", b"nothing", Init::Copied),
        Err(Error::InvalidComponent { .. })
    ));
    assert_eq!(entries(bench.folder.path()), [] as [PathBuf; 0]);
}

#[test]
fn a_child_that_is_killed_is_a_limit_on_record() {
    let bench = Bench::new();
    let mut child = Child::new("/bin/sleep", ["1000"]);
    child.time = std::time::Duration::from_millis(100);
    let error = bench.compile(&bench.compiler(CompileIn::Child(child)), ONE).unwrap_err();
    assert!(matches!(error, Error::NotCompiled { limit: Limit::CompileTime, .. }), "{error}");
    assert_eq!((error.plugin(), error.is_fatal()), (Some("test.plugin"), false));
    let records = bench.records.take();
    assert_eq!(records, [(AuditKind::Limit, error.to_string())]);
    assert!(error.help().unwrap().contains("`time`"));
    bench.fill(ONE);
}

#[test]
fn a_child_that_breaks_is_the_components_fault_and_one_that_is_not_there_is_not() {
    let bench = Bench::new();
    let run = |program: &str, args: &[&str]| {
        bench.compile(&bench.compiler(CompileIn::Child(Child::new(program, args))), ONE).unwrap_err()
    };
    let crashed = run("/bin/sh", &["-c", "kill -SEGV $$"]);
    assert!(matches!(crashed, Error::InvalidComponent { .. }), "{crashed}");
    for error in [run("/no/such/program", &[]), run("/bin/cat", &[]), run("/bin/false", &[])] {
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        assert!(error.help().is_some());
    }
}

#[test]
fn a_component_of_too_many_bytes_is_refused_unread() {
    let records = Arc::<Records>::default();
    let config = EngineConfig { max_instances: 1, max_memory: 1 << 20, max_component: 100, ..Default::default() };
    let host = crate::Host::builder().engine(config).audit(Arc::clone(&records) as _).build().unwrap();
    let error = host.compile("test.plugin", &[0; 101]).unwrap_err();
    assert!(matches!(error, Error::NotCompiled { limit: Limit::ComponentSize, .. }), "{error}");
    assert_eq!(records.take(), [(AuditKind::Limit, error.to_string())]);
    assert!(matches!(host.compile("test.plugin", &[0; 100]), Err(Error::InvalidComponent { .. })));
    assert_eq!(records.take()[0].0, AuditKind::Deny);
    // A file without an end.
    assert!(matches!(host.compile_file("/dev/zero".as_ref()), Err(Error::NotFound { .. })));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.wasm");
    fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(host.compile_file(&path), Err(Error::NotCompiled { limit: Limit::ComponentSize, .. })));
    assert_eq!(records.take().len(), 1);
}
