//! A command that ends at any moment: killed before any of the system calls by which it changes files, or with a full
//! disk from there on, or with a write that takes only half. What is left of the home is looked at with the command. The registers of
//! system calls are known for x86-64 Linux only: there are no such tests elsewhere.
#![expect(clippy::unwrap_used, reason = "tests say with their names what they are about")]

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod calls;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod order;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod prepared;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod publish;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod scenarios;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tracer;
