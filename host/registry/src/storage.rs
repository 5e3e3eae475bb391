//! What other programs with a database and files beside it build on: how the database is opened, and the store of files by digest. It does not
//! know what either holds.

pub use crate::{
    schema::connect,
    store::{Entry, Fault, Held, Store, Writer},
};
