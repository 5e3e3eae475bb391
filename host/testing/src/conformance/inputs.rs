//! Owns what is sent to plugins of which nobody knows what they are for: texts of many scripts, the empty and the largest, what a
//! careless program lets through. It refuses to know who gets it.

use hal9_host::Signal;

/// Texts in many scripts, with what goes wrong where bytes are taken for characters: marks that combine, letters that grow when they are
/// made upper case, emoji of several code points, text from right to left, characters beyond the first 65 536.
pub(super) const SCRIPTS: &[(&str, &str)] = &[
    ("Latin with marks", "Ärger über Straßenzüge, naïve café — İstanbul"),
    ("combining marks", "e\u{301}a\u{308}\u{323} Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢"),
    ("Greek", "Ὀδυσσεύς, ὁ πολύτροπος"),
    ("Cyrillic", "Съешь же ещё этих мягких французских булок"),
    ("Arabic", "السلام عليكم ورحمة الله"),
    ("Hebrew", "שָׁלוֹם עֲלֵיכֶם"),
    ("Devanagari", "नमस्ते दुनिया, क्षत्रिय"),
    ("Thai", "ภาษาไทยไม่มีช่องว่าง"),
    ("Chinese", "今天天气很好。我很高兴！"),
    ("Japanese", "吾輩は猫である。ﾃｽﾄ テスト"),
    ("Korean", "안녕하세요 세계"),
    ("emoji", "👩‍👩‍👧‍👦 🏳️‍🌈 🇺🇳 👍🏽"),
    ("beyond the first plane", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈 \u{10ffff}"),
    ("marks of direction", "a\u{202e}b\u{2066}c\u{2069}\u{feff}"),
];

/// Texts that are legal and seldom seen.
pub(super) const CONTROLS: &[(&str, &str)] = &[
    ("NUL", "a\0b\0"),
    ("control characters", "\u{1}\u{7}\u{8}\u{b}\u{1b}[2J\u{7f}\u{85}"),
    ("line ends", "one\r\ntwo\rthree\n\nfour\u{2028}five"),
    ("quotes and backslashes", "\"'`\\\\ \\u0000 %s {} ${x} </script>"),
    ("white space", " \t\u{a0}\u{3000}\u{200b} "),
    ("what reads as JSON", "{\"a\": [1, null, \"}"),
    ("what reads as a number", "-1e999"),
];

/// A signal with an id that tells it from others.
pub(super) fn signal(number: u64, content: &str) -> Signal {
    Signal {
        id: (0x6861_6c39_0000_4000, 0x8000_0000_0000_0000 | number),
        content: content.to_owned(),
        signal_type: "text".to_owned(),
        metadata: Vec::new(),
        timestamp: 1_767_225_600_000 + number,
    }
}

/// Facts as a program might give them that does not look.
pub(super) fn odd_metadata() -> Vec<(&'static str, Vec<(String, String)>)> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        ("an empty name", vec![pair("", "x")]),
        ("an empty value", vec![pair("lang", "")]),
        ("a name that occurs twice", vec![pair("lang", "en"), pair("lang", "de")]),
        ("names in other scripts", vec![pair("язык", "русский"), pair("🔑", "🗝️"), pair("a\0b", "c\0d")]),
        ("a long name and a long value", vec![(("n").repeat(1_000), ("v").repeat(10_000))]),
        ("many facts", (0..200).map(|number| pair(&format!("fact-{number}"), &number.to_string())).collect()),
    ]
}

/// Text of about so many bytes, of words and with characters of more than one byte.
pub(super) fn long(bytes: usize) -> String {
    const WORDS: &str = "The kettle is blue, and the café was closed; nobody (not even Zoë) minded 42 times. ";
    let mut text = WORDS.repeat(bytes / WORDS.len());
    text.extend(std::iter::repeat_n('x', bytes - text.len()));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_as_long_as_asked() {
        for bytes in [0, 1, 100, 10_000] {
            assert_eq!(long(bytes).len(), bytes);
        }
    }
}
