//! `hal9 plugin logs`: what plugins logged, and what they log from now on.

use std::time::{Duration, UNIX_EPOCH};

use hal9_host::Level;
use hal9_package::PluginId;
use serde_json::{Value, json};

use super::moment;
use crate::args::{LevelArg, LogsArgs};
use crate::failure::Failure;
use crate::logs::{self, Follower, Record};
use crate::output::{dim, plain, red, yellow};
use crate::session::Session;

/// How often the files are looked at. Every file system can be asked; not every one tells by itself.
const EVERY: Duration = Duration::from_millis(200);

pub(super) async fn run(session: &Session, args: &LogsArgs) -> Result<(), Failure> {
    let mut reader = Reader::new(session, args)?;
    let mut lines = reader.read(session)?;
    let lines = lines.split_off(lines.len().saturating_sub(args.tail));
    let several = reader.plugins.as_ref().is_none_or(|plugins| plugins.len() > 1);
    if !args.follow {
        return show(session, &reader, &lines, several);
    }
    tell(session, &lines, several)?;
    let mut every = tokio::time::interval(EVERY);
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        tokio::select! {
            // The last lines before the end are shown as well.
            _ = &mut interrupted => return tell(session, &reader.read(session)?, several),
            _ = every.tick() => tell(session, &reader.read(session)?, several)?,
        }
    }
}

/// One line, and whose it is.
struct Line {
    plugin: PluginId,
    record: Record,
}

impl Line {
    fn json(&self) -> Value {
        let Record { timestamp, level, source, message } = &self.record;
        let (timestamp, level) = (moment(*timestamp), name(*level));
        json!({"plugin": self.plugin, "timestamp": timestamp, "level": level, "source": source, "message": message})
    }

    /// The line for people; none, where nothing stands in it.
    fn text(&self, with_plugin: bool) -> String {
        if self.record.message.trim().is_empty() {
            return String::new();
        }
        let whose = if with_plugin { format!("{} ", dim(&self.plugin)) } else { String::new() };
        format!(
            "{} {} {whose}{}\n",
            dim(moment(self.record.timestamp)),
            level(self.record.level),
            plain(&self.record.message)
        )
    }
}

/// A level as it is typed.
pub(super) fn name(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

/// A level in the colour that it has everywhere.
pub(super) fn level(level: Level) -> String {
    match level {
        Level::Debug => dim("DEBUG"),
        Level::Info => "INFO ".to_owned(),
        Level::Warn => yellow("WARN "),
        Level::Error => red("ERROR"),
    }
}

/// The logs that were asked for.
struct Reader {
    /// Those that were named; none, where all were asked for.
    plugins: Option<Vec<PluginId>>,
    followers: Vec<Follower>,
    least: LevelArg,
    /// In milliseconds since the Unix epoch.
    since: u64,
}

impl Reader {
    fn new(session: &Session, args: &LogsArgs) -> Result<Self, Failure> {
        let folder = session.home.logs();
        let logged = logs::plugins(&folder)?;
        let id = |name: &String| match session.known(name) {
            Ok(plugin) => Ok(plugin.id().clone()),
            // One that is gone, or that `hal9 dev` ran, has its lines all the same.
            Err(failure) => logged.iter().find(|id| id.as_str() == name).cloned().ok_or(failure),
        };
        let mut plugins = args.plugins.iter().map(id).collect::<Result<Vec<_>, _>>()?;
        plugins.sort();
        plugins.dedup();
        let followers = plugins.iter().map(|plugin| Follower::new(&folder, plugin.clone())).collect();
        let since = args.since.and_then(|since| since.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        Ok(Self {
            plugins: (!plugins.is_empty()).then_some(plugins),
            followers,
            least: args.level,
            since: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// The lines that came since the last time, oldest first.
    fn read(&mut self, session: &Session) -> Result<Vec<Line>, Failure> {
        if self.plugins.is_none() {
            // Others may have begun to log.
            for plugin in logs::plugins(&session.home.logs())? {
                if !self.followers.iter().any(|follower| follower.plugin == plugin) {
                    self.followers.push(Follower::new(&session.home.logs(), plugin));
                }
            }
        }
        let mut lines = Vec::new();
        for follower in &mut self.followers {
            let records = follower.read()?;
            lines.extend(records.into_iter().map(|record| Line { plugin: follower.plugin.clone(), record }));
        }
        lines.retain(|line| level_of(line.record.level) >= self.least && line.record.timestamp >= self.since);
        // Lines of one plugin stay in the order in which they were written.
        lines.sort_by_key(|line| line.record.timestamp);
        Ok(lines)
    }
}

fn show(session: &Session, reader: &Reader, lines: &[Line], several: bool) -> Result<(), Failure> {
    let one = reader.plugins.as_ref().and_then(|plugins| plugins.first()).filter(|_| !several);
    let all: Vec<_> = lines.iter().map(Line::json).collect();
    session.output.result(&json!({ "plugin": one, "lines": all }), || match (lines, one) {
        ([], Some(plugin)) => format!("{plugin} has logged nothing of that sort"),
        ([], None) => "Nothing of that sort was logged.".to_owned(),
        (lines, _) => lines.iter().map(|line| line.text(several)).collect(),
    })
}

/// Shows lines as they come.
fn tell(session: &Session, lines: &[Line], several: bool) -> Result<(), Failure> {
    let is_told = |line: &&Line| session.output.json() || !line.text(several).is_empty();
    lines.iter().filter(is_told).try_for_each(|line| session.output.result(&line.json(), || line.text(several)))
}

fn level_of(level: Level) -> LevelArg {
    match level {
        Level::Debug => LevelArg::Debug,
        Level::Info => LevelArg::Info,
        Level::Warn => LevelArg::Warn,
        Level::Error => LevelArg::Error,
    }
}
