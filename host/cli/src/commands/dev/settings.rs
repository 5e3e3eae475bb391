//! Owns what a change of hal9.toml does to a plugin that is developed: another configuration, other rights and limits, or nothing.
//! It refuses to know how one version takes over from another.

use hal9_host::{Call, Widening};

use super::events::{Event, Step, Took};
use super::{Dev, Serving};
use crate::failure::Failure;
use crate::settings::Settings;

impl Dev<'_> {
    /// Takes what hal9.toml says now, as far as it is about the plugin.
    pub(super) async fn settings_changed(&mut self) {
        let settings = match Settings::read(&self.session.home.settings(), self.environment.as_deref()) {
            Ok(settings) => settings,
            Err(failure) => return self.failed(Step::Configure, failure),
        };
        let before = std::mem::replace(&mut self.session.settings, settings);
        // First for what serves: what it is denied, it is denied whatever becomes of a version that waits.
        let mut do_hold = self.settings_of_serving().await;
        if let Some(made) = self.waiting.take() {
            self.take_over(made).await;
            do_hold |= self.waiting.is_none();
        }
        if !do_hold {
            // Those before go on to hold, so that the next change is compared with what holds.
            self.session.settings = before;
        }
    }

    /// Takes the settings for the version that serves, if one does; says whether they hold for it now.
    async fn settings_of_serving(&mut self) -> bool {
        let Some(serving) = self.serving.take() else { return true };
        match self.settings_of(&serving).await {
            Ok(None) => self.serving = Some(serving),
            Ok(Some((event, serving))) => {
                self.serving = Some(serving);
                event.tell(self.session.output);
            }
            Err(failure) => {
                self.serving = Some(serving);
                self.failed(Step::Configure, failure);
                return false;
            }
        }
        true
    }

    /// Has the version that serves go on under other settings; nothing, where they say the same of it.
    async fn settings_of(&mut self, serving: &Serving) -> Result<Option<(Event, Serving)>, Failure> {
        let id = &serving.id;
        let settings = self.session.settings.plugin(id);
        let standing = self.session.standing(&serving.manifest, &serving.granted);
        if settings == serving.settings && standing == serving.standing {
            return Ok(None);
        }
        let now = Serving {
            id: id.clone(),
            component: serving.component.clone(),
            manifest: serving.manifest.clone(),
            granted: serving.granted.clone(),
            standing,
            settings,
        };
        let mut only_configured = now.settings.clone();
        only_configured.config.clone_from(&serving.settings.config);
        if only_configured == serving.settings && now.standing == serving.standing {
            let config = serde_json::Value::Object(now.settings.config.clone());
            let config = self.session.with_secrets(id, config)?;
            self.session.manager.get(id)?.reconfigure(&mut Call::measured(), config).await?;
            return Ok(Some((Event::Configured { id: id.clone() }, now)));
        }
        // Rights, limits and the like are those of a version.
        let replaced = self.session.replace(&now.component, &now.manifest, &now.granted, Widening::Accept).await?;
        let event = Event::Swapped {
            id: id.clone(),
            from: replaced.from,
            to: replaced.to,
            state: replaced.state,
            took: Took::default(),
            swap: replaced.elapsed,
            paused: replaced.paused,
        };
        Ok(Some((event, now)))
    }
}
