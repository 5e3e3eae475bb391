//! Has the templates embedded again when a file of theirs comes or goes: the compiler is told of those alone that it has read.

fn main() {
    println!("cargo:rerun-if-changed=templates");
    println!("cargo:rerun-if-changed=../../guests/sdk");
}
