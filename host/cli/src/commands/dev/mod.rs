//! `hal9 dev`: a plugin that runs while its author works on it. It owns when a version is made and when it takes over; how
//! one takes over from another without losing a call is the manager's.

mod events;
mod input;
mod made;
mod settings;
mod sources;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hal9_host::{Component, Widening, check_configuration};
use hal9_package::{Manifest, Permissions, PluginId};
use serde_json::Value;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;

use crate::args::DevArgs;
use crate::failure::{Code, Failure};
use crate::grants::{Standing, all_absolute};
use crate::languages;
use crate::process::Stop;
use crate::schema::Schema;
use crate::secrets::{GIVEN, references};
use crate::session::{Opening, Session};
use crate::settings::PluginSettings;
use crate::source;
use events::{Event, LiveLog, Step};
use input::{Line, answer, lines};
use made::{Made, Maker, Outcome, folder_of};
use sources::{Change, Watched};

/// So many builds that change nothing follow one another at once because something was written meanwhile.
const IDLE_BUILDS: u32 = 3;

/// So long the next one is put off then. A project that writes into its own folder whenever it is built would be built without
/// end; and what somebody saved meanwhile is built all the same.
const PAUSE: Duration = Duration::from_secs(5);

pub(super) async fn run(opening: Opening<'_>, args: DevArgs) -> Result<(), Failure> {
    let path = std::path::absolute(&args.dir).map_err(|error| Failure::file(&args.dir, &error))?;
    path.metadata().map_err(|error| Failure::file(&path, &error))?;
    if source::is_package(&path) {
        return Err(source::not_a_package(&args.dir));
    }
    let environment = opening.environment.map(str::to_owned);
    let opening = Opening { log: Some(Arc::new(LiveLog(opening.output))), ..opening };
    super::in_home(opening, async |session| {
        let only = (args.no_grants || !args.grant.is_empty()).then(|| args.grant.into_iter().collect());
        let ended = Dev::new(session, path, only, environment).run().await;
        Event::Stopped.tell(session.output);
        ended
    })
    .await
}

/// The version that serves.
struct Serving {
    id: PluginId,
    component: Component,
    manifest: Manifest,
    /// What it was granted when it was loaded; it says nothing where hal9.toml does.
    granted: Permissions,
    /// What hal9.toml came to then.
    standing: Standing,
    settings: PluginSettings,
}

struct Dev<'a> {
    session: &'a mut Session,
    maker: Maker,
    /// What is granted at most, where the command says it.
    only: Option<Permissions>,
    environment: Option<String>,
    serving: Option<Serving>,
    /// A version that was made and could not take over, which other settings may change.
    waiting: Option<Box<Made>>,
    /// What was made last.
    last: Option<Arc<[u8]>>,
    /// Why nothing serves.
    failure: Option<Failure>,
    lines: Option<Receiver<Line>>,
    answering: Option<JoinHandle<()>>,
}

impl<'a> Dev<'a> {
    fn new(session: &'a mut Session, path: PathBuf, only: Option<Permissions>, environment: Option<String>) -> Self {
        let maker = Maker { path, host: session.manager.host().clone(), output: session.output, stop: Stop::default() };
        Self {
            session,
            maker,
            only,
            environment,
            serving: None,
            waiting: None,
            last: None,
            failure: None,
            lines: None,
            answering: None,
        }
    }

    /// Goes on until somebody ends it.
    async fn run(mut self) -> Result<(), Failure> {
        let mut changes = Watched {
            folder: folder_of(&self.maker.path).to_owned(),
            project: languages::of(&self.maker.path)?,
            settings: self.session.home.settings(),
        }
        .watch()?;
        let (lines, mut end) = lines();
        self.lines = Some(lines);
        let interrupted = interrupted();
        tokio::pin!(interrupted);
        let (mut has_ended, mut is_stale, mut idle) = (false, false, 0);
        let (mut making, mut put_off) = (Some(self.make()), None);
        loop {
            if has_ended && making.is_none() && self.answering.is_none() {
                // Who was never served is told why by the command's end as well.
                return match (&self.serving, self.failure.take()) {
                    (None, Some(failure)) => Err(failure),
                    _ => Ok(()),
                };
            }
            tokio::select! {
                () = &mut interrupted => {
                    self.maker.stop.stop();
                    return Ok(());
                }
                change = changes.next() => match change {
                    Some(Change::Sources) if making.is_some() => is_stale = true,
                    Some(Change::Sources) => {
                        // No build wrote this: somebody did.
                        (idle, put_off) = (0, None);
                        making = Some(self.make());
                    }
                    // A build writes it, the first time at least; what it was built with is built then.
                    Some(Change::Lock) if making.is_some() => {}
                    Some(Change::Lock) => making = Some(self.make()),
                    Some(Change::Settings) => self.settings_changed().await,
                    None => {}
                },
                outcome = finished(&mut making) => {
                    making = None;
                    let is_idle = matches!(outcome, Outcome::Same(_));
                    self.made(outcome).await;
                    if std::mem::take(&mut is_stale) {
                        idle = if is_idle { idle + 1 } else { 0 };
                        match idle <= IDLE_BUILDS {
                            true => making = Some(self.make()),
                            false => put_off = Some(Instant::now() + PAUSE),
                        }
                    }
                }
                () = due(put_off), if making.is_none() => {
                    put_off = None;
                    making = Some(self.make());
                }
                () = over(&mut self.answering) => self.answering = None,
                _ = &mut end, if !has_ended => has_ended = true,
            }
        }
    }

    /// Begins to make a version beside the calls that go on.
    fn make(&self) -> JoinHandle<Outcome> {
        Event::Building { folder: self.maker.path.clone() }.tell(self.session.output);
        let (maker, last) = (self.maker.clone(), self.last.clone());
        tokio::task::spawn_blocking(move || maker.make(last.as_deref()))
    }

    async fn made(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Made(made) => {
                self.last = Some(made.bytes.as_slice().into());
                self.take_over(made).await;
            }
            Outcome::Same(took) => Event::Unchanged { took }.tell(self.session.output),
            Outcome::Failed(step, failure) => {
                // The next good one may be as the last one was, and is told all the same.
                self.last = None;
                self.failed(step, failure);
            }
        }
    }

    fn failed(&mut self, step: Step, failure: Failure) {
        let serving = self.serving.as_ref().map(|serving| serving.manifest.metadata.version.clone());
        Event::Failed { step, serving, error: GIVEN.failure(&failure) }.tell(self.session.output);
        self.failure = Some(failure);
    }

    /// Has a version serve, in the place of the one that does.
    async fn take_over(&mut self, made: Box<Made>) {
        self.waiting = None;
        let result = match self.serving.take() {
            None => self.first(&made).await.map_err(|failure| (Step::Load, self.configurable(&made, failure))),
            Some(serving) => {
                let result = self.next(&serving, &made).await.map_err(|failure| (Step::Swap, failure));
                if result.is_err() {
                    self.serving = Some(serving);
                }
                result
            }
        };
        match result {
            Ok((event, serving)) => {
                self.serving = Some(serving);
                self.failure = None;
                event.tell(self.session.output);
                self.begin_to_answer();
            }
            Err((step, failure)) => {
                self.waiting = Some(made);
                self.failed(step, failure);
            }
        }
    }

    /// Loads the first version.
    async fn first(&mut self, made: &Made) -> Result<(Event, Serving), Failure> {
        let serving = self.serving_of(made, &made.manifest.permissions)?;
        let options = self.session.options(&serving.id, &serving.manifest, &serving.granted);
        let started = Instant::now();
        let loaded = self.session.activate_here(&made.component, options).await?;
        let event = Event::Serving {
            id: serving.id.clone(),
            version: serving.manifest.metadata.version.clone(),
            kinds: loaded.kinds().to_vec(),
            granted: loaded.granted().clone(),
            took: made.took,
            load: started.elapsed(),
        };
        Ok((event, serving))
    }

    /// A failure to load, with the lines of hal9.toml that are missing: no command knows a plugin that is not installed.
    fn configurable(&self, made: &Made, failure: Failure) -> Failure {
        let config = Value::Object(self.session.settings.plugin(&made.manifest.metadata.id).config);
        let known = references(&config);
        let (Ok((config, faults)), Some(schema)) =
            (check_configuration(&made.manifest, config, &known), &made.manifest.configuration)
        else {
            return failure;
        };
        if faults.is_empty() {
            return failure;
        }
        let id = &made.manifest.metadata.id;
        let section = match &self.environment {
            Some(name) => format!("[env.{name}.plugins.\"{id}\".config]"),
            None => format!("[plugins.\"{id}\".config]"),
        };
        let missing = Schema::new(schema).missing(&config);
        let lines: String = missing.iter().map(|line| format!("\n      {line}")).collect();
        let what = if missing.is_empty() { "correct" } else { "write" };
        let path = self.session.home.settings();
        failure.help(format!("{what} in {}, and save it:\n      {section}{lines}", path.display()))
    }

    /// Puts a version in the place of the one that serves.
    async fn next(&mut self, before: &Serving, made: &Made) -> Result<(Event, Serving), Failure> {
        let id = &before.id;
        if made.manifest.metadata.id != *id {
            let message = format!("its id is {} now, and was {id}", made.manifest.metadata.id);
            let help = "keep the id, or start the command again";
            return Err(Failure::new(Code::Conflict, message).plugin(id).help(help));
        }
        let serving = self.serving_of(made, &made.manifest.permissions)?;
        // What somebody wrote down, here or in hal9.toml, he has accepted.
        let is_said = self.only.is_some() || serving.settings.grant.is_some();
        let accept = if is_said { Widening::Accept } else { Widening::Refuse };
        let swap = self.session.replace(&made.component, &serving.manifest, &serving.granted, accept).await;
        let swap = swap.map_err(|failure| match failure.reason.as_deref() {
            Some("widened") => failure.help("start the command again, which grants it, or say what to grant: --grant"),
            _ => failure,
        })?;
        let event = Event::Swapped {
            id: id.clone(),
            from: swap.from,
            to: swap.to,
            state: swap.state,
            took: made.took,
            swap: swap.elapsed,
            paused: swap.paused,
        };
        Ok((event, serving))
    }

    /// What holds for a version that serves from now on.
    fn serving_of(&self, made: &Made, declared: &Permissions) -> Result<Serving, Failure> {
        let id = made.manifest.metadata.id.clone();
        let granted = self.only.as_ref().map_or_else(|| declared.clone(), |only| declared.meet(only));
        let here =
            std::env::current_dir().map_err(|error| Failure::internal("there is no working directory", &error))?;
        let granted = all_absolute(granted, &here);
        Ok(Serving {
            standing: self.session.standing(&made.manifest, &granted),
            settings: self.session.settings.plugin(&id),
            component: made.component.clone(),
            manifest: made.manifest.clone(),
            granted,
            id,
        })
    }

    /// Lines that came before anything served are answered now.
    fn begin_to_answer(&mut self) {
        if let (Some(lines), Some(serving)) = (self.lines.take(), &self.serving) {
            let (manager, output) = (self.session.manager.clone(), self.session.output);
            self.answering = Some(tokio::spawn(answer(manager, serving.id.clone(), output, lines)));
        }
    }
}

/// Waits until somebody ends the command: a key, or a signal of another program's.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut ended), Ok(mut hung_up)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = ended.recv() => {}
                _ = hung_up.recv() => {}
            }
            return;
        }
    }
    drop(tokio::signal::ctrl_c().await);
}

/// Waits for what is being made; for ever, where nothing is.
async fn finished(making: &mut Option<JoinHandle<Outcome>>) -> Outcome {
    match making {
        Some(making) => making.await.unwrap_or_else(|error| {
            Outcome::Failed(Step::Build, Failure::internal("the build did not come to an end", &error))
        }),
        None => std::future::pending().await,
    }
}

/// Waits until it is time; for ever, where nothing was put off.
async fn due(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Waits until all lines are answered; for ever, where none are to be.
async fn over(answering: &mut Option<JoinHandle<()>>) {
    match answering {
        Some(answering) => drop(answering.await),
        None => std::future::pending().await,
    }
}
