//! Lays out the word tables: the VADER lexicon out of a crate, and our own roles, ratings and emotions out of `data/`,
//! merged into one entry a word. It knows the file format and nothing about the rules that use the tables.

#[path = "src/hash.rs"]
mod hash;

use hash::Padded;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// In the order of the bits of an entry's `emotions`, which is the order in `src/emotions.rs`.
const EMOTIONS: [&str; 8] = ["joy", "sadness", "anger", "fear", "surprise", "disgust", "trust", "anticipation"];

#[derive(Clone, Default)]
struct Entry {
    tenths: i8,
    role: Option<String>,
    emotions: u8,
    /// 0, or which of the lists of phrases begins with it, counted from 1.
    phrases: u8,
}

impl Entry {
    fn code(&self) -> String {
        let role = self.role.as_deref().unwrap_or("Plain");
        format!(
            "Entry {{ tenths: {}, role: Role::{role}, emotions: {}, phrases: {} }}",
            self.tenths, self.emotions, self.phrases
        )
    }
}

type Table = BTreeMap<String, Entry>;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=data");
    let mut table = Table::new();
    for (word, valence) in vader_sentiment::LEXICON.iter() {
        table.entry(word.to_lowercase()).or_default().tenths = tenths(*valence)?;
    }
    read("data/ratings.txt", |value, item| {
        table.entry(item.to_owned()).or_default().tenths = tenths(value.parse()?)?;
        Ok(())
    })?;
    derive_comparatives(&mut table);
    read("data/roles.txt", |role, item| {
        let entry = table.entry(item.to_owned()).or_default();
        let name = capitalised(role);
        match &entry.role {
            Some(other) if *other != name => Err(format!("`{item}` is {other} and {name}").into()),
            _ => {
                entry.role = Some(name);
                Ok(())
            }
        }
    })?;
    read("data/emotions.txt", |emotion, item| {
        let bit = EMOTIONS.iter().position(|known| *known == emotion).ok_or("no such emotion")?;
        table.entry(item.to_owned()).or_default().emotions |= 1 << bit;
        Ok(())
    })?;
    let code = tables(&mut table)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("tables.rs"), code)?;
    Ok(())
}

/// Calls `each` with the name and the item of every `name: item, item` in a file.
fn read(path: &str, mut each: impl FnMut(&str, &str) -> Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    for (number, line) in fs::read_to_string(path)?.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = |reason: &dyn std::fmt::Display| format!("{path}:{}: {reason}", number + 1);
        let (name, items) = line.split_once(": ").ok_or_else(|| at(&"no `name: items`"))?;
        for item in items.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            each(name, item).map_err(|error| at(&error))?;
        }
    }
    Ok(())
}

/// VADER's ratings are means of ten people's, hence tenths.
fn tenths(valence: f64) -> Result<i8, Box<dyn Error>> {
    let tenths = (valence * 10.0).round();
    if (tenths / 10.0 - valence).abs() > 1e-9 || tenths.abs() > 40.0 {
        return Err(format!("{valence} is not a rating in tenths").into());
    }
    Ok(tenths as i8)
}

/// `happier` beside `happy`.
fn derive_comparatives(table: &mut Table) {
    let derived: Vec<String> = table
        .iter()
        .filter(|(word, entry)| {
            word.strip_suffix("ier")
                .and_then(|stem| table.get(&format!("{stem}y")))
                .is_some_and(|base| entry.tenths.signum() == base.tenths.signum())
        })
        .map(|(word, _)| word.clone())
        .collect();
    for word in derived {
        table.entry(word).or_default().role = Some("Comparative".to_owned());
    }
}

fn capitalised(role: &str) -> String {
    let mut chars = role.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Single words, emoji and phrases, as Rust.
fn tables(table: &mut Table) -> Result<String, Box<dyn Error>> {
    let mut phrases: BTreeMap<String, Vec<(Vec<String>, Entry)>> = BTreeMap::new();
    let spaced: Vec<String> = table.keys().filter(|word| word.contains(' ')).cloned().collect();
    for phrase in spaced {
        let entry = table.remove(&phrase).unwrap_or_default();
        let mut words = phrase.split(' ').map(str::to_owned);
        let first = words.next().unwrap_or_default();
        phrases.entry(first).or_default().push((words.collect(), entry));
    }
    let mut emoji: BTreeMap<char, Entry> = BTreeMap::new();
    for (key, description) in vader_sentiment::EMOJI_LEXICON.iter() {
        if let (Some(symbol), true) = (key.chars().next(), key.chars().count() == 1) {
            emoji.insert(symbol, described(description, table));
        }
    }
    let symbols: Vec<String> =
        table.keys().filter(|word| !word.is_ascii() && word.chars().count() == 1).cloned().collect();
    for symbol in symbols {
        let own = table.remove(&symbol).unwrap_or_default();
        let entry = emoji.entry(symbol.chars().next().unwrap_or_default()).or_default();
        if own.tenths != 0 {
            entry.tenths = own.tenths;
        }
        entry.emotions |= own.emotions;
    }
    for (number, first) in (1..).zip(phrases.keys()) {
        table.entry(first.clone()).or_default().phrases = u8::try_from(number)?;
    }

    let mut code = String::new();
    writeln!(code, "static WORDS: [(&str, Entry); {}] = [", table.len())?;
    for (word, entry) in table.iter() {
        writeln!(code, "({word:?}, {}),", entry.code())?;
    }
    let places = places(table.keys())?;
    writeln!(code, "];\nconst PLACE_BITS: u32 = {PLACE_BITS};")?;
    writeln!(code, "static PLACES: [u16; {}] = {places:?};", places.len())?;
    writeln!(code, "static EMOJI: [(char, Entry); {}] = [", emoji.len())?;
    for (symbol, entry) in &emoji {
        writeln!(code, "({symbol:?}, {}),", entry.code())?;
    }
    writeln!(code, "];\nstatic PHRASES: [&[Phrase]; {}] = [", phrases.len())?;
    for continuations in phrases.values_mut() {
        // The longest first: "nothing to complain about" before "nothing to".
        continuations.sort_by_key(|(rest, _)| std::cmp::Reverse(rest.len()));
        code.push_str("&[");
        for (rest, entry) in continuations {
            write!(code, "Phrase {{ rest: &{rest:?}, entry: {} }}, ", entry.code())?;
        }
        code.push_str("],\n");
    }
    code.push_str("];\n");
    Ok(code)
}

/// The table is half full at most, so that a search is short.
const PLACE_BITS: u32 = 14;

/// For every place the number of the word that stands there, counted from 1; 0 where there is none. A word whose place
/// is taken stands in the next one that is free.
fn places<'w>(words: impl ExactSizeIterator<Item = &'w String>) -> Result<Vec<u16>, Box<dyn Error>> {
    let mut places = vec![0; 1 << PLACE_BITS];
    if words.len() > places.len() / 2 {
        return Err("the table of words needs another bit".into());
    }
    for (number, word) in (1..).zip(words) {
        let mut padded = Padded::default();
        padded.get_mut(..word.len()).ok_or("a word is too long")?.copy_from_slice(word.as_bytes());
        let mut at = hash::place(&padded, PLACE_BITS);
        while places[at] != 0 {
            at = (at + 1) % places.len();
        }
        places[at] = number;
    }
    Ok(places)
}

/// An emoji is one token, rated as the words that describe it are together.
fn described(description: &str, table: &Table) -> Entry {
    let mut entry = Entry::default();
    let mut sum = 0_i32;
    for word in description.split_whitespace() {
        if let Some(found) = table.get(&word.to_lowercase()) {
            sum += i32::from(found.tenths);
            entry.emotions |= found.emotions;
        }
    }
    entry.tenths = sum.clamp(-40, 40) as i8;
    entry
}
