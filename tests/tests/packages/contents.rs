//! Faults of contents: what does not unpack to what is claimed, or not within bounds; manifests; and what stands in the
//! component's place.

use serde_json::json;

use crate::cases::{Case, fault, instead};
use crate::plugin::Plugin;
use crate::zip::Entry;

const MIB: usize = 1 << 20;
const EXAMPLE: &str = "examples/one.txt";

/// A deflated file of zeros that claims another size than it has.
fn zeros(name: &str, size: usize, claims: usize) -> Entry {
    let mut entry = Entry::deflated(name, &vec![0; size]);
    entry.both(|header| header.size = claims as u32);
    entry
}

/// Bytes that hardly pack.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..size).map(|_| next()).collect()
}

/// The manifest's text with something in place of something else.
fn text(it: &mut Plugin, from: &str, to: &str) {
    let text = it.manifest.to_string();
    assert!(text.contains(from), "{from} is not in {text}");
    it.text = Some(text.replacen(from, to, 1));
}

fn schema(it: &mut Plugin, depth: usize) {
    let nested = format!("\"configuration\":{{\"a\":{}{}}},\"files\"", "[".repeat(depth), "]".repeat(depth));
    text(it, "\"files\"", &nested);
}

pub(crate) const CASES: &[Case] = &[
    instead(
        "a bomb",
        "unpacks to more than 200 times its size",
        |it| it.add(Entry::deflated("zeros", &vec![0; MIB])),
        |it| it.add(Entry::deflated("zeros", &vec![0; 60 * MIB])),
    ),
    instead(
        "a bomb that claims to be small",
        "it cannot be unpacked",
        |it| it.add(Entry::deflated("zeros", &[0; 10])),
        |it| it.add(zeros("zeros", 60 * MIB, 10)),
    ),
    instead(
        "a bomb of many",
        "have more than 64 MiB unpacked",
        |it| (0..10).for_each(|n| it.add(Entry::deflated(&format!("zeros{n}"), &vec![0; MIB]))),
        |it| (0..65).for_each(|n| it.add(Entry::deflated(&format!("zeros{n}"), &vec![0; MIB]))),
    ),
    instead(
        "a claim of gigabytes",
        "unpacks to more than 200 times its size",
        |it| it.add(Entry::deflated("zeros", &[0; 10])),
        |it| it.add(zeros("zeros", 10, u32::MAX as usize - 1)),
    ),
    instead(
        "a large package",
        "the package has more than 10 MiB",
        |it| it.add(Entry::stored("noise", &noise(9 * MIB))),
        |it| it.add(Entry::stored("noise", &noise(10 * MIB))),
    ),
    fault("content of another checksum", "it cannot be unpacked (Invalid checksum)", |it| {
        it.entry(EXAMPLE).both(|header| header.crc ^= 1)
    }),
    fault("stored content of another checksum", "it cannot be unpacked (Invalid checksum)", |it| {
        it.entry("README.md").content[0] ^= 1
    }),
    fault("less than is claimed", "it unpacks to less than the 221 bytes", |it| {
        it.entry(EXAMPLE).both(|header| header.size += 1)
    }),
    fault("more than is claimed", "it cannot be unpacked", |it| it.entry(EXAMPLE).both(|header| header.size -= 1)),
    fault("content that is not deflate", "it cannot be unpacked", |it| {
        it.entry(EXAMPLE).repack(|content| content.fill(0xff))
    }),
    fault("data behind compressed content", "it has data behind the end of its compressed content", |it| {
        it.entry(EXAMPLE).repack(|content| content.extend(b"hidden"))
    }),
    fault("one byte behind compressed content", "it has data behind the end of its compressed content", |it| {
        it.entry(EXAMPLE).repack(|content| content.push(0))
    }),
    fault("compressed content without an end", "it cannot be unpacked (incomplete deflate stream)", |it| {
        // A block that says that it is not the last one.
        let mut entry = Entry::stored("README.md", b"# Read me\n");
        entry.both(|header| header.method = 8);
        entry.repack(|content| drop(content.splice(0..0, [0, 10, 0, !10, 0xff])));
        *it.entry("README.md") = entry;
    }),
    fault("no manifest", "`manifest.json`: it is not in the package", |it| {
        it.finish = |archive| drop(archive.entries.remove(0))
    }),
    fault("a manifest in a folder", "`manifest.json`: it is not in the package", |it| {
        it.finish = |archive| archive.entry("manifest.json").both(|header| header.name = b"a/manifest.json".to_vec())
    }),
    fault("a manifest of another case", "`manifest.json`: it is not in the package", |it| {
        it.finish = |archive| archive.entry("manifest.json").both(|header| header.name = b"Manifest.json".to_vec())
    }),
    fault("a manifest that is a folder", "`manifest.json`: it is not in the package", |it| {
        it.finish = |archive| archive.entries[0] = Entry::folder("manifest.json/")
    }),
    fault("a manifest that is none", "`manifest.json`: manifest (line 1, column 2): key must be a string", |it| {
        it.text = Some("{]".to_owned())
    }),
    fault("a manifest in UTF-16", "`manifest.json`: manifest (line 1, column 2)", |it| {
        it.text = Some(it.manifest.to_string().chars().flat_map(|c| [c, '\0']).collect())
    }),
    fault("an unknown key", "extra_rights (line 1, column 15): unknown field `extra_rights`", |it| {
        text(it, "{\"api_version\"", "{\"extra_rights\":[],\"api_version\"")
    }),
    fault("a key twice", "duplicate field `files`", |it| {
        text(it, "\"files\":", "\"files\":{\"wasm\":\"x\"},\"files\":")
    }),
    fault("a key twice in what is kept as it is", "configuration (line 1, column", |it| {
        text(it, "\"files\"", "\"configuration\":{\"a\":1,\"\\u0061\":2},\"files\"")
    }),
    instead("a deep manifest", "recursion limit exceeded", |it| schema(it, 100), |it| schema(it, 50_000)),
    instead(
        "a long manifest",
        "and 262144 are allowed",
        |it| it.text = Some(it.manifest.to_string() + &" ".repeat(200_000)),
        |it| it.text = Some(it.manifest.to_string() + &" ".repeat(300_000)),
    ),
    fault("a manifest of another time", "api_version is 2, and this HAL9 reads 1", |it| {
        it.manifest["api_version"] = json!(2)
    }),
    fault("an id that escapes", "metadata.id (line 1, column", |it| {
        it.manifest["metadata"]["id"] = json!("../../etc.x")
    }),
    fault("a permission that nobody knows", "is not a permission", |it| it.manifest["permissions"] = json!(["Root"])),
    instead(
        "instances without number",
        "runtime.parallel (line 1, column",
        |it| it.manifest["runtime"] = json!({ "parallel": 64 }),
        |it| it.manifest["runtime"] = json!({ "parallel": 65 }),
    ),
    fault("a manifest without files", "it has no `files`", |it| {
        drop(it.manifest.as_object_mut().unwrap().remove("files"))
    }),
    fault("a named file that escapes", "files.readme (line 1, column", |it| {
        it.manifest["files"]["readme"] = json!("../../../etc/passwd")
    }),
    fault("a file named twice", "`README.md` is there twice", |it| {
        it.manifest["files"]["assets"] = json!(["README.md"])
    }),
    instead(
        "a file that nobody names",
        "the manifest does not name it",
        |it| it.asset("more.txt"),
        |it| it.unnamed(Entry::stored("more.txt", b"x")),
    ),
    fault("a named file that is not there", "the manifest names it, and it is not in the package", |it| {
        it.manifest["files"]["license"] = json!("LICENSE")
    }),
    fault("a named file that is a folder", "the manifest names it, and it is not in the package", |it| {
        it.manifest["files"]["license"] = json!("examples")
    }),
    fault("a core module", "it is a core module", |it| it.component(b"\0asm\x01\0\0\0")),
    fault("machine code", "it is machine code", |it| it.component(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0")),
    fault("a text in the component's place", "is not the beginning of a component", |it| it.component(b"(component)")),
    fault("nothing in the component's place", "is not the beginning of a component", |it| it.component(b"")),
];
