//! What the server does by itself: signing the index anew before it expires, writing what was counted, forgetting what is over. It does not
//! know requests.

use std::time::Duration;

use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use crate::{AppState, Refusal, clock::now, index, operate};

/// The tasks that run until they are told to stop.
pub(crate) struct Tasks {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Tasks {
    pub(crate) fn start(state: &AppState) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut every = |seconds: u64, what: &'static str, work: fn(AppState) -> Work| {
            tasks.spawn(repeat(state.clone(), stopped.clone(), Duration::from_secs(seconds), what, work));
        };
        every(1, "counting downloads", |state| Box::pin(async move { state.flush_downloads().await }));
        every(60, "signing the index", |state| Box::pin(sign(state)));
        every(60, "forgetting", |state| {
            Box::pin(async move {
                state.limits().forget();
                Ok(())
            })
        });
        every(3_600, "tidying up", |state| Box::pin(tidy(state)));
        Self { stop, tasks }
    }

    /// Lets what runs come to its end.
    pub(crate) async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

type Work = std::pin::Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send>>;

async fn repeat(
    state: AppState,
    mut stopped: watch::Receiver<bool>,
    period: Duration,
    what: &'static str,
    work: fn(AppState) -> Work,
) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = ticks.tick() => {}
        }
        if let Err(refusal) = work(state.clone()).await {
            tracing::error!(what, reason = %refusal.problem.message, "failed, and will be tried again");
        }
    }
}

/// Signs the index anew where a third of its time is over, or its lifetime was made shorter.
async fn sign(state: AppState) -> Result<(), Refusal> {
    if state.is_mirror() {
        return Ok(());
    }
    let lifetime = state.config().index_lifetime.as_secs();
    let health = state.read(|catalogue| catalogue.health()).await?;
    let (left, now) = (health.expires.saturating_sub(now()), now());
    if left >= lifetime * 2 / 3 && health.expires <= now + lifetime {
        return Ok(());
    }
    let data = state.config().data.clone();
    let (config, version) = (state.config().index_lifetime, health.index);
    let signed = state.write(move |changes| Ok(index::sign_head(changes.transaction, &data, config)?)).await?;
    tracing::info!(version, signed, "signed the index anew");
    Ok(())
}

/// Takes out what is over: uploads, tokens, sessions, old parts of the index.
async fn tidy(state: AppState) -> Result<(), Refusal> {
    state.write(|changes| changes.count_recent()).await?;
    let retention = operate::Retention { keep_yanked: state.config().keep_yanked };
    let data = state.config().data.clone();
    let lifetime = state.config().index_lifetime;
    let database = std::sync::Arc::clone(state.database());
    let turn = database.turn().await?;
    let pruned = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        operate::prune_with(&database, &data, &retention, lifetime)
    });
    let pruned = pruned.await.map_err(Refusal::internal)??;
    tracing::info!(?pruned, "tidied up");
    Ok(())
}
