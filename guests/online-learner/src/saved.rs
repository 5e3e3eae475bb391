//! A model as bytes: `HOLM`, the format's version, the model in postcard, and a CRC-32 of all before it.
//! Knows nothing of learning; takes no byte on trust.

use crate::model::Model;
use crate::options::Task;
use hal9_plugin_sdk::{ErrorCode, PluginError, err};

/// What every saved model begins with.
const MAGIC: [u8; 4] = *b"HOLM";

/// The format that is written, and the only one that is read.
const VERSION: u8 = 1;

/// `model` as bytes.
///
/// # Errors
/// `internal` where it cannot be written, which no model is known to cause.
pub fn save(model: &Model) -> Result<Vec<u8>, PluginError> {
    let start = [&MAGIC[..], &[VERSION]].concat();
    let mut bytes = postcard::to_extend(model, start)
        .map_err(|error| PluginError::new(ErrorCode::Internal, format!("cannot save the model: {error}")))?;
    let sum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    Ok(bytes)
}

/// The model that [`save`] wrote.
///
/// # Errors
/// `invalid-input` for anything else, saying at which step it failed.
pub fn load(bytes: &[u8]) -> Result<Model, PluginError> {
    let Some(rest) = bytes.strip_prefix(&MAGIC) else { return refuse("it does not begin as a saved model does") };
    let Some((&version, rest)) = rest.split_first() else { return refuse("it is cut short") };
    if version != VERSION {
        return refuse(&format!("its format has version {version}, and this plugin reads version {VERSION}"));
    }
    let Some((body, sum)) = rest.split_last_chunk::<4>() else { return refuse("it is cut short") };
    if crc32fast::hash(&bytes[..bytes.len() - sum.len()]) != u32::from_le_bytes(*sum) {
        return refuse("its checksum is wrong: the bytes were changed or cut");
    }
    match postcard::take_from_bytes::<Model>(body) {
        Ok((model, [])) => check(&model).map(|()| model),
        Ok(_) => refuse("there is something behind the model"),
        Err(error) => refuse(&format!("the model in it is malformed: {error}")),
    }
}

/// A checksum keeps accidents out, not intentions: the parts must fit each other as well.
fn check(model: &Model) -> Result<(), PluginError> {
    model.options.check()?;
    let Some(learned) = &model.learned else {
        return if model.samples == 0 { Ok(()) } else { refuse("it has seen rows and learned nothing") };
    };
    let outputs = learned.layer.outputs();
    let fits = learned.layer.is_sound()
        && learned.features.is_sound()
        && learned.targets.is_sound()
        && learned.features.dimensions() == learned.layer.inputs()
        && learned.targets.dimensions() == 1
        && match model.options.task {
            Task::Regression => outputs == 1,
            Task::Classification => match model.options.classes {
                Some(classes) => outputs == classes as usize,
                None => (1..=crate::options::MAX_CLASSES as usize).contains(&outputs),
            },
        };
    if fits { Ok(()) } else { refuse("the parts of the model do not fit each other") }
}

fn refuse<T>(why: &str) -> Result<T, PluginError> {
    err(ErrorCode::InvalidInput, format!("this is no saved model: {why}"))
}
