//! `hal9 policy grant|revoke|deny`: changes to one plugin's policy, all of them or none.

use hal9_host::{AuditEvent, AuditKind, shell_word};
use hal9_package::{Permission, Permissions, PluginId};
use serde_json::json;

use super::{granted_by, standing_text};
use crate::args::ChangeArgs;
use crate::failure::{Code, Failure};
use crate::grants::{Standing, absolute, denies, is_path};
use crate::output::{bold, dim, green, yellow};
use crate::policy::{Change, Obstacle, Policy};
use crate::policy_file::PolicyFile;
use crate::session::Session;

pub(super) fn run(
    session: &mut Session,
    environment: Option<&str>,
    change: Change,
    args: ChangeArgs,
) -> Result<(), Failure> {
    let known = session.find(&args.plugin)?;
    let id = match &known {
        Some(plugin) => plugin.id().clone(),
        None => args.plugin.parse::<PluginId>().map_err(|_| {
            session
                .known(&args.plugin)
                .err()
                .unwrap_or_else(|| Failure::not_found(format!("no plugin `{}` is loaded", args.plugin), "give its id"))
        })?,
    };
    let here = std::env::current_dir().map_err(|error| Failure::internal("there is no working directory", &error))?;
    let permissions: Vec<_> = args.permissions.into_iter().map(|permission| absolute(permission, &here)).collect();

    let mut file = PolicyFile::open(&session.home.settings(), environment)?;
    session.settings = file.settings()?;
    let settings = session.settings.plugin(&id);
    let baseline = known.as_ref().map_or_else(Permissions::new, |plugin| plugin.granted.clone());
    let begins = settings.grant.is_none() && change != Change::Deny && !baseline.is_empty();
    let denied_everywhere = match environment {
        Some(_) => file.settings_everywhere()?.plugin(&id).deny,
        None => Permissions::new(),
    };
    let before = Policy {
        granted: settings.grant.clone().unwrap_or(baseline),
        denied: settings
            .deny
            .iter()
            .filter(|denied| !denied_everywhere.iter().any(|it| it == *denied))
            .cloned()
            .collect(),
        denied_everywhere,
    };
    let mut policy = before.clone();
    for permission in &permissions {
        policy.change(change, permission).map_err(|obstacle| stopped(&id, permission, &obstacle))?;
    }
    if policy.granted != before.granted {
        file.set(&id, "grant", &policy.granted)?;
    }
    if policy.denied != before.denied {
        file.set(&id, "deny", &policy.denied)?;
    }
    let changed = policy != before;
    if changed {
        let now = file.settings()?.plugin(&id);
        if now.grant.unwrap_or_else(|| before.granted.clone()) != policy.granted {
            return Err(Failure::new(
                Code::Internal,
                "hal9.toml could not be changed as it should be; it stays as it was",
            ));
        }
        file.save()?;
        session.record_policy([event(&id, change, &permissions, environment)])?;
    }
    session.settings = file.settings()?;
    let settings = session.settings.plugin(&id);
    let standing = Standing {
        declared: known.as_ref().map_or_else(Permissions::new, |plugin| plugin.manifest.permissions.clone()),
        granted: settings.grant.clone().unwrap_or(policy.granted),
        denied: settings.deny,
    };
    let mut warnings = warnings(&id, change, &permissions, known.is_some().then_some(&standing));
    if change == Change::Revoke && environment.is_none() {
        for permission in &permissions {
            let names = session.settings.environments_that_grant(&id, permission);
            warnings.extend(names.iter().map(|name| {
                let word = shell_word(&permission.to_string());
                format!("the environment {name} grants it still: hal9 --env {name} policy revoke {id} {word}")
            }));
        }
    }
    let value = json!({
        "plugin": id,
        "changed": changed,
        "granted": standing.granted,
        "denied": standing.denied,
        "effective": standing.rights().granted(),
        "began_with": begins.then_some(&before.granted),
        "warnings": warnings,
    });
    session.output.result(&value, || {
        let words = permissions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let done = if changed { change.done().to_owned() } else { format!("{} before", change.done()) };
        let mut text = format!("{} {}: {words} {done}\n", green("✓"), bold(&id));
        if begins {
            let said = format!("hal9.toml said nothing of its grants: they begin with {}", before.granted);
            text.push_str(&format!("  {}\n", dim(said)));
        }
        for warning in &warnings {
            text.push_str(&format!("  {}\n", yellow(warning)));
        }
        if known.is_some() {
            text.push_str(&standing_text(&standing, granted_by(settings.grant.is_some())));
        }
        text
    })
}

fn event(id: &PluginId, change: Change, permissions: &[Permission], environment: Option<&str>) -> AuditEvent {
    let words = permissions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let place = environment.map_or_else(String::new, |name| format!(" in the environment {name}"));
    let message = format!("{} {words}{place}", change.done());
    AuditEvent::new(AuditKind::Policy, id, &message)
}

/// Why a change would not do what it says, and what would.
fn stopped(id: &PluginId, permission: &Permission, obstacle: &Obstacle) -> Failure {
    let word = |permission: &Permission| shell_word(&permission.to_string());
    let (message, help) = match obstacle {
        Obstacle::Denied(denied) => (
            format!("{denied} is denied, and {permission} is a part of it: granting it would change nothing"),
            format!("undo the denial: hal9 policy grant {id} {}", word(denied)),
        ),
        Obstacle::DeniedEverywhere(denied) => (
            format!("{denied} is denied in every environment: granting {permission} in this one would change nothing"),
            format!("undo the denial: hal9 policy grant {id} {}", word(denied)),
        ),
        Obstacle::Wider(granted) => (
            format!("{granted} is granted, of which {permission} is a part, and a part cannot be revoked"),
            format!("deny it: hal9 policy deny {id} {}; or revoke {granted} and grant less", word(permission)),
        ),
    };
    Failure::new(Code::Conflict, format!("{id}: {message}")).plugin(id).help(format!("{help} (nothing was changed)"))
}

fn warnings(id: &PluginId, change: Change, permissions: &[Permission], standing: Option<&Standing>) -> Vec<String> {
    let Some(standing) = standing else {
        return vec![format!("no plugin {id} is loaded: this holds as soon as it is")];
    };
    let idle = |permission: &Permission| match change {
        Change::Grant if !standing.declares(permission) => {
            Some(format!("its manifest does not declare {permission}: the grant has no effect"))
        }
        // A folder is known by the path that the plugin sees.
        Change::Deny if is_path(permission.kind) && !standing.granted.iter().any(|it| denies(permission, it)) => {
            Some(format!("no granted folder is {permission} for the plugin: the denial has no effect now"))
        }
        _ => None,
    };
    permissions.iter().filter_map(idle).collect()
}
