//! Compiling in a child, with the `hal9` command as that child: what takes too much is killed, and the host goes on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hal9_host::{
    AuditEvent, AuditKind, AuditSink, Child, CompileIn, EngineConfig, Error, Host, HostBuilder, Limit, LoadOptions,
};
use hal9_package::ByteSize;

use crate::lab::{Lab, answer};

/// Keeps what is recorded.
#[derive(Default)]
struct Records(Mutex<Vec<AuditEvent>>);

impl AuditSink for Records {
    fn record(&self, event: &AuditEvent) {
        self.0.lock().unwrap().push(event.clone());
    }
}

fn child() -> Child {
    Child::new(env!("CARGO_BIN_EXE_hal9-under-test"), ["compile-component"])
}

/// A host whose components are compiled in this child.
fn host(child: Child) -> HostBuilder {
    let mut engine = EngineConfig::default();
    engine.max_instances = 8;
    engine.max_memory = 256 << 20;
    Host::builder().engine(engine).compile_in(CompileIn::Child(child))
}

fn number(mut value: usize, to: &mut Vec<u8>) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    let mut section = vec![id];
    number(content.len(), &mut section);
    section.extend(content);
    section
}

/// A component that exports nothing, of so many functions, each of so many steps that all have to be done.
fn laborious(functions: usize, steps: usize) -> Vec<u8> {
    // No locals but the two parameters; a step is a = rotl(a + b, b), b = b ^ a; the result is a.
    let step = [0x20, 0, 0x20, 1, 0x6a, 0x20, 1, 0x77, 0x22, 0, 0x20, 1, 0x73, 0x21, 1];
    let body = [&[0][..], &step.repeat(steps), &[0x20, 0, 0x0b]].concat();
    let mut types = Vec::new();
    number(functions, &mut types);
    types.resize(types.len() + functions, 0);
    let mut code = Vec::new();
    number(functions, &mut code);
    for _ in 0..functions {
        number(body.len(), &mut code);
        code.extend(&body);
    }
    let module = [
        &b"\0asm\x01\0\0\0"[..],
        // (func (param i32 i32) (result i32))
        &section(1, &[1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f]),
        &section(3, &types),
        &section(10, &code),
    ]
    .concat();
    [&b"\0asm\x0d\0\x01\0"[..], &section(1, &module)].concat()
}

#[tokio::test]
async fn what_a_child_compiled_runs_and_is_found_again() {
    let cache = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(hal9_tests::guest("sentiment-analyzer")).unwrap();
    // The second of them has no program that compiles.
    for child in [child(), Child::new("/bin/false", [""; 0])] {
        let host = host(child).cache(cache.path()).build().unwrap();
        let component = host.compile("sentiment", &bytes).unwrap();
        let plugin = host.load(&component, LoadOptions::declared()).unwrap();
        assert_eq!(plugin.id().as_str(), "ai.hal9.sentiment-analyzer");
        answer(&plugin, "I have never been happier.").await;
    }
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 2, "the key and one entry");
}

#[tokio::test]
async fn a_component_that_takes_too_long_is_killed_and_the_host_goes_on() {
    // The guard: the child is killed at its deadline. It would take minutes.
    let mut hurried = child();
    hurried.time = Duration::from_secs(2);
    killed(hurried, &laborious(64, 20_000), Limit::CompileTime).await;
}

#[tokio::test]
async fn a_component_that_takes_too_much_memory_is_killed_and_the_host_goes_on() {
    // The guard: the bound that the child sets itself before it reads anything.
    let mut narrow = child();
    narrow.memory = ByteSize::mib(96);
    killed(narrow, &laborious(1, 400_000), Limit::CompileMemory).await;
}

/// The component is refused for the limit, on record; another one is compiled by the same host, and works.
async fn killed(child: Child, bytes: &[u8], expected: Limit) {
    let records = Arc::<Records>::default();
    let host = host(child).audit(Arc::clone(&records) as _).build().unwrap();
    match host.compile("test.hostile", bytes) {
        Err(Error::NotCompiled { plugin, limit, help, .. }) => {
            assert_eq!((plugin.as_str(), limit, help.is_empty()), ("test.hostile", expected, false));
        }
        other => panic!("{other:?}"),
    }
    {
        let records = records.0.lock().unwrap();
        assert_eq!(records.len(), 1, "{records:?}");
        assert_eq!((records[0].kind, records[0].plugin.as_ref().unwrap().as_str()), (AuditKind::Limit, "test.hostile"));
    }
    match host.compile("test.small", &laborious(1, 1)) {
        Err(Error::InvalidComponent { reason, .. }) => assert!(reason.contains("exports nothing"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_same_work_within_the_bounds_is_done() {
    let host = host(child()).build().unwrap();
    match host.compile("test.patient", &laborious(8, 1_000)) {
        Err(Error::InvalidComponent { reason, .. }) => assert!(reason.contains("exports nothing"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_child_says_what_is_wrong_in_the_same_words() {
    let (lab, host) = (Lab::shared(), host(child()).build().unwrap());
    let texts = [
        "(component (core module (func (result i32))))",
        r#"(component (import "\1b[2Ja" (func)))"#,
        "(component)",
        "(component (core module $m (memory 5000)) (core instance (instantiate $m)))",
    ];
    for text in texts {
        // Not validated by who writes it.
        let bytes = wat::parse_str(text).unwrap();
        let reason = |host: &Host| match host.compile("file.wasm", &bytes) {
            Err(Error::InvalidComponent { reason, .. }) => reason,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(reason(&host), reason(lab.manager.host()), "{text}");
    }
}

#[tokio::test]
async fn machine_code_is_no_component_wherever_it_comes_from() {
    // The guard: nothing but an entry whose seal holds is ever made ready to run.
    let cache = tempfile::tempdir().unwrap();
    let host = host(child()).cache(cache.path()).build().unwrap();
    let guest = std::fs::read(hal9_tests::guest("echo")).unwrap();
    host.compile("echo", &guest).unwrap();
    let entry = std::fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().path());
    let entry = entry.filter(|path| !path.ends_with("key")).map(std::fs::read).next().unwrap().unwrap();
    let code = entry.windows(4).position(|bytes| bytes == b"\x7fELF").unwrap();
    for bytes in [&entry[code..], &entry[..]] {
        match host.compile("file.wasm", bytes) {
            Err(Error::InvalidComponent { reason, .. }) => assert!(reason.contains("not WebAssembly"), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
}

/// Whoever starts it by hand is told, and it does not wait for input.
#[test]
fn a_child_without_a_task_does_nothing() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hal9-under-test"));
    let output = command.arg("compile-component").stdin(std::process::Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(output.stdout.is_empty() && String::from_utf8_lossy(&output.stderr).contains("a host starts this"));
}
