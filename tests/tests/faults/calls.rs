//! The system calls by which a program changes files, and on which file. It does not stop anything.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use nix::libc::{self, user_regs_struct};
use nix::unistd::Pid;

/// A system call that changes a file, at its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) name: &'static str,
    pub(crate) path: PathBuf,
    /// Whether a full disk makes it fail.
    pub(crate) takes_room: bool,
    /// How many bytes it writes; only for calls of which the third argument says it.
    pub(crate) bytes: Option<u64>,
}

/// Where the file is that a call is about.
enum On {
    /// A file descriptor in this argument.
    File(u64),
    /// A path: the folder's descriptor, and the address of the text.
    Path(u64, u64),
}

/// A path of calls without a folder is taken from the current one.
const HERE: u64 = libc::AT_FDCWD as u32 as u64;

impl Change {
    /// The change that a thread is about to make to a file below a folder.
    pub(crate) fn at_entry(thread: Pid, registers: &user_regs_struct, below: &Path) -> Option<Self> {
        let [a, b, c, d] = [registers.rdi, registers.rsi, registers.rdx, registers.r10];
        let creates = |flags: u64| flags & (libc::O_CREAT | libc::O_TRUNC) as u64 != 0;
        let mut bytes = None;
        let (name, on) = match registers.orig_rax as i64 {
            libc::SYS_open if creates(b) => ("open", On::Path(HERE, a)),
            libc::SYS_openat if creates(c) => ("openat", On::Path(a, b)),
            libc::SYS_creat => ("creat", On::Path(HERE, a)),
            libc::SYS_write => {
                bytes = Some(c);
                ("write", On::File(a))
            }
            libc::SYS_pwrite64 => {
                bytes = Some(c);
                ("pwrite64", On::File(a))
            }
            libc::SYS_writev => ("writev", On::File(a)),
            libc::SYS_pwritev => ("pwritev", On::File(a)),
            libc::SYS_pwritev2 => ("pwritev2", On::File(a)),
            libc::SYS_copy_file_range => ("copy_file_range", On::File(c)),
            libc::SYS_sendfile => ("sendfile", On::File(a)),
            libc::SYS_fsync => ("fsync", On::File(a)),
            libc::SYS_fdatasync => ("fdatasync", On::File(a)),
            libc::SYS_ftruncate => ("ftruncate", On::File(a)),
            libc::SYS_truncate => ("truncate", On::Path(HERE, a)),
            libc::SYS_fallocate => ("fallocate", On::File(a)),
            libc::SYS_rename => ("rename", On::Path(HERE, b)),
            libc::SYS_renameat => ("renameat", On::Path(c, d)),
            libc::SYS_renameat2 => ("renameat2", On::Path(c, d)),
            libc::SYS_link => ("link", On::Path(HERE, b)),
            libc::SYS_linkat => ("linkat", On::Path(c, d)),
            libc::SYS_symlink => ("symlink", On::Path(HERE, b)),
            libc::SYS_symlinkat => ("symlinkat", On::Path(b, c)),
            libc::SYS_unlink => ("unlink", On::Path(HERE, a)),
            libc::SYS_unlinkat => ("unlinkat", On::Path(a, b)),
            libc::SYS_rmdir => ("rmdir", On::Path(HERE, a)),
            libc::SYS_mkdir => ("mkdir", On::Path(HERE, a)),
            libc::SYS_mkdirat => ("mkdirat", On::Path(a, b)),
            libc::SYS_chmod => ("chmod", On::Path(HERE, a)),
            libc::SYS_fchmod => ("fchmod", On::File(a)),
            libc::SYS_fchmodat | FCHMODAT2 => ("fchmodat", On::Path(a, b)),
            _ => return None,
        };
        let path = match on {
            On::File(descriptor) => open_file(thread, descriptor)?,
            On::Path(folder, text) => {
                let text = text_at(thread, text)?;
                let folder = if folder as u32 as u64 == HERE { folder_of(thread) } else { open_file(thread, folder) };
                folder?.join(text)
            }
        };
        // What exists takes no room when it is opened or made again, and neither does anything that is taken away.
        let takes_room = match name {
            "unlink" | "unlinkat" | "rmdir" | "ftruncate" | "truncate" | "chmod" | "fchmod" | "fchmodat" => false,
            "open" | "openat" | "creat" | "mkdir" | "mkdirat" => !path.exists(),
            _ => true,
        };
        path.starts_with(below).then_some(Self { name, path, takes_room, bytes })
    }
}

/// A newer call that libraries try first.
const FCHMODAT2: i64 = 452;

fn open_file(thread: Pid, descriptor: u64) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{thread}/fd/{}", descriptor as u32)).ok()
}

fn folder_of(thread: Pid) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{thread}/cwd")).ok()
}

/// The text up to its zero byte in the memory of a thread that is stopped.
fn text_at(thread: Pid, address: u64) -> Option<PathBuf> {
    let memory = File::open(format!("/proc/{thread}/mem")).ok()?;
    let mut text = Vec::new();
    // Byte blocks that end with a page, as the next one may not be there.
    while text.len() < libc::PATH_MAX as usize {
        let at = address + text.len() as u64;
        let mut block = vec![0; (4096 - at % 4096) as usize];
        let read = memory.read_at(&mut block, at).ok().filter(|read| *read > 0)?;
        match block[..read].iter().position(|byte| *byte == 0) {
            Some(end) => {
                text.extend(&block[..end]);
                return Some(String::from_utf8(text).ok()?.into());
            }
            None => text.extend(&block[..read]),
        }
    }
    None
}
