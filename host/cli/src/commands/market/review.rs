//! `hal9 plugin review|reviews`: what people think of plugins, signed by themselves.

use hal9_package::{PluginId, SecretKey};
use hal9_registry_client::Registry;
use hal9_registry_index::{
    Review, ReviewerKey,
    api::{AddKey, ReviewPage},
    sign,
};
use semver::Version;
use serde_json::json;

use super::Desk;
use crate::args::{AtRegistry, Named, ReviewArgs};
use crate::failure::{Code, Failure};
use crate::keys::{default_key, of_key, secret_key, write as write_file};
use crate::output::{bold, columns, count, dim, green, plain, wrap, yellow};
use crate::registries::{day, now};

pub(super) async fn write(desk: &Desk, args: ReviewArgs) -> Result<(), Failure> {
    let registries = desk.registries(&args.at)?;
    let id = registries.named(&args.plugin).await?;
    let registry = registries.signed_in(&args.at, Some(&id)).await?;
    let listed = registry.record(&id).await?;
    let version = version(desk, &args.plugin, &id, &listed.record)?;
    let Some(record) = listed.record.version(&version) else {
        let there = listed.record.versions.iter().map(|one| one.version.to_string()).collect::<Vec<_>>().join(", ");
        return Err(
            Failure::not_found(format!("{id} has no version {version}"), format!("there is {there}")).plugin(&id)
        );
    };
    let account = registry.whoami().await?;
    let path = match &args.key {
        Some(path) => path.clone(),
        None => default_key()?,
    };
    let key = secret_key(&path, desk.output)?;
    let review = Review {
        registry: listed.registry.clone(),
        plugin: id.clone(),
        version: version.clone(),
        package: record.package,
        author: account.name.to_string(),
        stars: args.stars,
        text: args.text,
        written: now(),
    };
    review.check().map_err(|error| Failure::usage(error.to_string(), "write it in other words"))?;
    let signed =
        sign(&review, &[&key], &format!("review of {id} {version}")).map_err(|error| of_key("the key", &error))?;
    if !account.keys.contains(key.public()) {
        register(registry, &review, &key).await?;
    }
    if let Some(path) = &args.output {
        let text = serde_json::to_string_pretty(&signed)
            .map_err(|error| Failure::internal("the review could not be written", &error))?;
        write_file(path, text.as_bytes())?;
        return desk.output.result(&signed, || format!("{} the signed review is in {}\n", green("✓"), path.display()));
    }
    registry.review(&signed).await?;
    let value = json!({ "id": id, "version": version, "stars": review.stars, "key": key.public(), "signed": signed });
    desk.output.result(&value, || {
        format!(
            "{} {} {version}: {} of 5 stars, by the key {}\n",
            green("✓"),
            bold(&id),
            review.stars,
            key.public().id()
        )
    })
}

/// Has the registry know that a key is this account's.
async fn register(registry: &Registry, review: &Review, key: &SecretKey) -> Result<(), Failure> {
    let statement =
        ReviewerKey { registry: review.registry.clone(), account: review.author.clone(), key: key.public().clone() };
    let proof = sign(&statement, &[key], "reviewer's key").map_err(|error| of_key("the key", &error))?;
    Ok(registry.add_key(&AddKey { key: key.public().clone(), proof }).await?)
}

/// The version that is judged: the one that is named, or installed, or else the newest.
fn version(
    desk: &Desk,
    named: &Named,
    id: &PluginId,
    record: &hal9_registry_index::Record,
) -> Result<Version, Failure> {
    if let Some(version) = named.version() {
        return Ok(version);
    }
    if let Some(requirement) = &named.requirement {
        return Err(Failure::usage(
            format!("`{requirement}` is not one version"),
            "name the version that you used: ID@1.2.0",
        ));
    }
    let installed = hal9_registry::Registry::open(desk.home.folder())?.installed(id)?;
    let newest = || record.versions.iter().rev().find(|one| one.yanked.is_none()).map(|one| one.version.clone());
    installed.map(|plugin| plugin.manifest.metadata.version).or_else(newest).ok_or_else(|| {
        Failure::new(Code::NotFound, format!("{id} has no version that is not yanked"))
            .help("name one: ID@1.2.0")
            .plugin(id)
    })
}

pub(super) async fn list(desk: &Desk, id: &PluginId, limit: u32, at: &AtRegistry) -> Result<(), Failure> {
    let registries = desk.registries(at)?;
    let registry = registries.holder(id).await?;
    let verified = registry.reviews(id, 0, limit).await?;
    let value = json!({ "id": id, "reviews": verified.page, "unbelieved": verified.dropped });
    desk.output.result(&value, || {
        let mut text = shown(&verified.page);
        if verified.dropped > 0 {
            let dropped = count(verified.dropped as u64, "review");
            text.push_str(&format!(
                "{}\n",
                yellow(format!("{dropped} passed over: what was signed is not what is said"))
            ));
        }
        text
    })
}

fn shown(page: &ReviewPage) -> String {
    if page.reviews.is_empty() {
        return "Nobody has judged it yet.\n".to_owned();
    }
    let mut text = format!("{:.1} of 5, {}\n", page.rating.mean, count(page.rating.count, "review"));
    let width = columns().unwrap_or(100);
    for one in &page.reviews {
        let review = &one.review;
        let stars = "★".repeat(usize::from(review.stars.min(5))) + &"☆".repeat(usize::from(5 - review.stars.min(5)));
        let by =
            format!("{} of {}, {}, key {}", plain(&review.author), review.version, day(review.written), one.key.id());
        text.push_str(&format!("\n{stars}  {}\n", dim(by)));
        for line in review.text.lines() {
            text.push_str(&format!("  {}\n", wrap(&plain(line), width, 2)));
        }
    }
    text
}
