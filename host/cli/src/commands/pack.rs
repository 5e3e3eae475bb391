//! `hal9 plugin pack`: from a plugin's folder to the file that others install. Nothing is written that would not load.

use std::path::{Path, PathBuf};

use hal9_host::read_manifest;
use hal9_package::{ByteSize, Files, Manifest, Package, PackageError, SecretKey};
use serde_json::json;

use super::develop::checklist;
use crate::args::PackArgs;
use crate::compile;
use crate::composition::{self, Part, Plugged};
use crate::contents::{self, Contents, LeftOut};
use crate::failure::{Code, Failure};
use crate::keys;
use crate::languages;
use crate::output::{Output, bold, dim, green, plain, size, table, yellow};
use crate::source::{self, Found};
use crate::validation::{self, Outcome, Validation};

pub(super) fn run(output: Output, args: &PackArgs) -> Result<(), Failure> {
    // Asked for before the work, so that nobody comes back to a question.
    let key = args.sign.as_deref().map(|path| keys::secret_key(path, output)).transpose()?;
    let Input { component, manifest, folder, plugged } = read(output, args)?;
    let named = manifest.files.clone().unwrap_or_else(|| Files { wasm: component.name.clone(), ..Files::default() });
    let Contents { files, named, left_out } = contents::gather(&folder, component.bytes, named)?;
    let manifest = Manifest { files: Some(named), ..manifest };
    let bytes = hal9_package::pack(&manifest, &files).map_err(|error| match error {
        PackageError::TooLarge => {
            let what = format!("the package has more than {}", ByteSize(Package::MAX_BYTES));
            contents::too_large(&what, files.iter().map(|(path, bytes)| (path.clone(), bytes.len() as u64)))
        }
        error => error.into(),
    })?;
    drop(files);
    let package = Package::read(bytes)?;

    let seen = {
        let _spinner = output.spinner(format!("checking {}", manifest.metadata.id));
        validation::package(&package, &compile::host()?.build()?)
    };
    if let Some(failure) = &seen.failure {
        output.line(checklist(&seen.checks));
        return Err(failure.clone());
    }
    let path = place(args.output.as_deref(), &manifest);
    let is_stale = key.is_none() && keys::signature_path(&path).exists() && !is_same(&path, package.bytes());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
    }
    keys::write(&path, package.bytes())?;
    let signature = key.as_ref().map(|key| keys::sign(&package, &path, key)).transpose()?;
    let next = match (&key, &args.sign) {
        (Some(key), Some(file)) => keys::install_line(&package, &path, key, file),
        _ => keys::sign_line(&path),
    };
    Packed { package, path, signature, key, next, is_stale, left_out, plugged, seen }.show(output)
}

/// What a package is made of.
struct Input {
    component: Part,
    manifest: Manifest,
    folder: PathBuf,
    plugged: Vec<Plugged>,
}

/// Finds the component, builds it where it must be, and composes it with its parts.
fn read(output: Output, args: &PackArgs) -> Result<Input, Failure> {
    if args.dir.is_file() {
        let message = format!("{} is a file", args.dir.display());
        return Err(Failure::usage(message, "give the folder of a plugin: what is in it goes into the package"));
    }
    let Found { folder, component } = source::find(&args.dir, output)?;
    let file = component.file_name().and_then(|name| name.to_str()).unwrap_or("plugin.wasm").to_owned();
    let mut socket = Part { name: file, bytes: source::read(&component)? };
    let carried = read_manifest(&component.display().to_string(), &socket.bytes)?;
    let beside = folder.join(Package::MANIFEST);
    // Where both are there, validation holds them against each other; this one names the files.
    let manifest = if beside.exists() {
        let seen = validation::manifest_file(&beside)?;
        match (seen.manifest, seen.failure) {
            (Some(manifest), _) => manifest,
            (None, failure) => return Err(failure.unwrap_or_else(|| missing(&component, &beside))),
        }
    } else {
        carried.ok_or_else(|| missing(&component, &beside))?
    };
    // A project's component has the name that its tools gave it, and another one in its package.
    let is_project = languages::of(&folder)?.is_some();
    let named = manifest.files.as_ref().filter(|named| !is_project && !folder.join(&named.wasm).is_file());
    if let Some(named) = named {
        let message =
            format!("the manifest names `{}` as the component, and there is no such file", plain(&named.wasm));
        let help = format!("name the one that is there, {}: `wasm` in `files`", plain(&socket.name));
        return Err(Failure::new(Code::InvalidPackage, message).help(help).plugin(&manifest.metadata.id));
    }
    let mut plugged = Vec::new();
    if !args.plug.is_empty() {
        let part = |path: &PathBuf| Ok(Part { name: path.display().to_string(), bytes: source::read(path)? });
        let parts: Vec<Part> = args.plug.iter().map(part).collect::<Result<_, Failure>>()?;
        let composed = composition::compose(&socket, &parts)?;
        (socket.bytes, plugged) = (composed.bytes, composed.plugged);
    }
    Ok(Input { component: socket, manifest, folder, plugged })
}

fn missing(component: &Path, manifest: &Path) -> Failure {
    let message = format!("{} carries no manifest, and there is no {}", component.display(), manifest.display());
    Failure::new(Code::InvalidPackage, message)
        .help("call `hal9_plugin!` in the plugin, or put a manifest.json into its folder")
}

/// Where the package goes: what was typed, or a name that says what it is, there or here.
fn place(typed: Option<&Path>, manifest: &Manifest) -> PathBuf {
    let name = format!("{}-{}.hal9", manifest.metadata.id.short(), manifest.metadata.version);
    match typed {
        // One that is not there yet is made.
        Some(folder) if folder.is_dir() || folder.to_string_lossy().ends_with('/') => folder.join(name),
        Some(file) => file.to_owned(),
        None => name.into(),
    }
}

fn is_same(path: &Path, bytes: &[u8]) -> bool {
    Package::open(path).is_ok_and(|old| old.bytes() == bytes)
}

/// What came of it.
struct Packed {
    package: Package,
    path: PathBuf,
    signature: Option<PathBuf>,
    key: Option<SecretKey>,
    /// What is typed next.
    next: String,
    /// Whether there is a signature beside it, and not of it.
    is_stale: bool,
    left_out: Vec<LeftOut>,
    plugged: Vec<Plugged>,
    seen: Validation,
}

impl Packed {
    fn show(&self, output: Output) -> Result<(), Failure> {
        let (package, metadata) = (&self.package, &self.package.manifest().metadata);
        let value = json!({
            "package": self.path,
            "id": metadata.id,
            "version": metadata.version,
            "size": package.bytes().len(),
            "digest": package.digest(),
            "files": package.files().map(|file| json!({ "path": file.path, "size": file.size })).collect::<Vec<_>>(),
            "left_out": self.left_out,
            "composed": self.plugged,
            "signature": self.signature,
            "key": self.key.as_ref().map(SecretKey::public),
            "checks": self.seen.checks,
        });
        output.result(&value, || self.text())
    }

    fn text(&self) -> String {
        let (package, metadata) = (&self.package, &self.package.manifest().metadata);
        let about = dim(size(package.bytes().len() as u64));
        let mut text = format!("{} {} {} is packed  {about}\n\n", green("✓"), bold(&metadata.id), metadata.version);
        let rows = package.files().map(|file| [plain(file.path), size(file.size)]);
        text.push_str(&table(["FILE", "SIZE"], rows));
        for LeftOut { path, why } in &self.left_out {
            text.push_str(&format!("{}\n", dim(format!("{}  left out: {why}", plain(path)))));
        }
        text.push('\n');
        for Plugged { import, of, by } in &self.plugged {
            text.push_str(&format!("composed   {} of {of} by {by}\n", plain(import)));
        }
        text.push_str(&format!("digest     {}\npackage    {}\n", package.digest(), self.path.display()));
        if let Some(signature) = &self.signature {
            text.push_str(&format!("signature  {}\n", signature.display()));
        }
        let warnings: Vec<_> =
            self.seen.checks.iter().filter(|check| check.outcome == Outcome::Warning).cloned().collect();
        text.push_str(&checklist(&warnings));
        if self.is_stale {
            let signature = keys::signature_path(&self.path);
            let said = format!("{} is of other bytes: sign again", signature.display());
            text.push_str(&format!("{} {}\n", yellow("!"), said));
        }
        text.push_str(&format!("{}\n", dim(&self.next)));
        text
    }
}
