//! The peers, a file each.

mod child;
mod extism;
mod hal9;
mod library;
mod lua;
mod module;
mod native;
mod rhai;

pub(crate) use self::child::Child;
pub(crate) use self::extism::Extism;
pub(crate) use self::hal9::{Hal9, columns, rows};
pub(crate) use self::library::Library;
pub(crate) use self::lua::Lua;
pub(crate) use self::module::Module;
pub(crate) use self::native::Native;
pub(crate) use self::rhai::Rhai;
