//! Keys and signatures: what is signed verifies, and nothing else does.
#![expect(clippy::unwrap_used, reason = "tests say with their names what they are about")]

use hal9_package::{KeyError, PublicKey, SecretKey, Signature, SignatureError};

/// What `minisign` 0.11 made: `-GW`, `-S -t 'by minisign 0.11'` and `-Sl` of the text `hello`.
const MINISIGN_KEY: &str = "\
untrusted comment: minisign encrypted secret key
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAPwlNW8NVkrbju90+DhlAuLoX7/zEFrgXF8emoBtatRTa/ZWz6Xo1fuVbvddq4E2G+YEFvIOnH3fLTbPXkb2JpvXXOhNznUrNAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
";
const MINISIGN_PUB: &str = "\
untrusted comment: minisign public key B69255C35B4D093F
RWQ/CU1bw1WStuVbvddq4E2G+YEFvIOnH3fLTbPXkb2JpvXXOhNznUrN
";
const MINISIGN_SIGNATURE: &str = "\
untrusted comment: signature from minisign secret key
RUQ/CU1bw1WStrUBLHMRTfusTYkHfbAc7e29Ckk3kJFPUlrKjmNz8pMQbag1nE5pT6kBe73pLUbokLcum9JUYlI38yOFbmDccQo=
trusted comment: by minisign 0.11
USq+GVXuD4AOskSs6Omm4PabgRQp2s6SkOOFuQMC4WFKOL/t1wdF4QmjZzXwm7WERdK++JhiI51n352xTp02Bg==
";
const MINISIGN_OLD_SIGNATURE: &str = "\
untrusted comment: signature from minisign secret key
RWQ/CU1bw1WStgA6vt2GqH0K2C0CUxoZCwhhT/7NRXAC1XTO4kfEUcpTq50RIwFo7WEtvheAP1JqHoRLlNmVqh38/hmBByx7ZQM=
trusted comment: old
Z0e7qf+BDYctXrFy3vQdgxAu8pOcbwAG+SQ0uhOCDK/BTNkMW+//u2gxLARwRG0VtoCuPoPuAXzzaGWXW83/Ag==
";

fn keys() -> (SecretKey, PublicKey) {
    let (text, public) = SecretKey::generate(None).unwrap();
    (SecretKey::from_text(&text, None).unwrap(), public)
}

#[test]
fn a_signature_is_over_these_bytes_and_this_comment_by_this_key() -> Result<(), Box<dyn std::error::Error>> {
    let (secret, public) = keys();
    assert_eq!(secret.public(), &public);
    let text = secret.sign(b"content", "a.b 1.0.0")?;
    let signature: Signature = text.parse()?;
    assert_eq!(signature.key_id(), public.id());
    assert_eq!(signature.trusted_comment(), "a.b 1.0.0");
    assert_eq!(public.verify(b"content", &signature), Ok(()));

    assert_eq!(public.verify(b"Content", &signature), Err(SignatureError::Bad { key: public.id() }));
    let other_comment: Signature = text.replace("1.0.0", "1.0.1").parse()?;
    assert_eq!(public.verify(b"content", &other_comment), Err(SignatureError::Bad { key: public.id() }));
    let (_, other) = keys();
    let other_key = SignatureError::OtherKey { expected: other.id(), found: public.id() };
    assert_eq!(other.verify(b"content", &signature), Err(other_key));
    Ok(())
}

#[test]
fn public_keys_are_read_as_a_line_and_as_a_file() -> Result<(), Box<dyn std::error::Error>> {
    let (_, public) = keys();
    assert!(public.to_string().starts_with("RW"));
    assert_eq!(public.to_string().parse::<PublicKey>()?, public);
    assert_eq!(public.to_text().parse::<PublicKey>()?, public);
    assert_eq!(public.id().to_string().len(), 16);
    assert!(public.to_text().contains(&public.id().to_string()));
    Ok(())
}

#[test]
fn a_secret_key_opens_with_its_password_only() -> Result<(), Box<dyn std::error::Error>> {
    let (text, public) = SecretKey::generate(Some("Grüße"))?;
    assert_eq!(SecretKey::from_text(&text, Some("Grüße"))?.public(), &public);
    assert!(matches!(SecretKey::from_text(&text, Some("other")), Err(KeyError::WrongPassword)));
    assert!(matches!(SecretKey::from_text(&text, None), Err(KeyError::PasswordNeeded)));
    let (text, _) = SecretKey::generate(None)?;
    assert!(matches!(SecretKey::from_text(&text, Some("x")), Err(KeyError::PasswordUnused)));
    Ok(())
}

#[test]
fn keys_and_signatures_of_the_minisign_program_are_ours() -> Result<(), Box<dyn std::error::Error>> {
    let public: PublicKey = MINISIGN_PUB.parse()?;
    assert_eq!(public.id().to_string(), "B69255C35B4D093F");
    assert_eq!(public.to_text(), MINISIGN_PUB);
    let signature: Signature = MINISIGN_SIGNATURE.parse()?;
    assert_eq!(signature.trusted_comment(), "by minisign 0.11");
    assert_eq!(public.verify(b"hello", &signature), Ok(()));
    assert_eq!(MINISIGN_OLD_SIGNATURE.parse::<Signature>().err(), Some(SignatureError::Legacy));

    let secret = SecretKey::from_text(MINISIGN_KEY, None)?;
    assert_eq!(secret.public(), &public);
    assert_eq!(public.verify(b"hi", &secret.sign(b"hi", "c")?.parse()?), Ok(()));
    // Its checksum is zeros, so that a damaged half is found only by signing.
    let damaged = MINISIGN_KEY.replace("bvddq4E2G", "bvddq4E3G");
    assert_ne!(damaged, MINISIGN_KEY);
    assert!(matches!(SecretKey::from_text(&damaged, None)?.sign(b"hi", "c"), Err(KeyError::Malformed)));
    Ok(())
}

#[test]
fn a_changed_byte_of_a_signature_is_found_wherever_it_counts() -> Result<(), Box<dyn std::error::Error>> {
    let public: PublicKey = MINISIGN_PUB.parse()?;
    let counts = MINISIGN_SIGNATURE.find('\n').unwrap_or_default() + 1;
    for at in 0..MINISIGN_SIGNATURE.len() {
        let mut damaged = MINISIGN_SIGNATURE.as_bytes().to_vec();
        damaged[at] ^= 4;
        let damaged = String::from_utf8(damaged)?;
        let verified = damaged.parse::<Signature>().and_then(|signature| public.verify(b"hello", &signature));
        // The first line is the untrusted comment.
        assert!(verified.is_err() || at < counts, "byte {at}");
    }
    for cut in 0..MINISIGN_SIGNATURE.len() - 1 {
        assert!(MINISIGN_SIGNATURE[..cut].parse::<Signature>().is_err(), "cut after {cut}");
    }
    Ok(())
}

#[test]
fn what_is_no_key_or_signature_is_told() {
    let long = "x".repeat(100_000);
    let (other, twice) = (MINISIGN_PUB.replace("RWQ/", "RXQ/"), MINISIGN_PUB.repeat(2));
    for bad in ["", "RWQ", MINISIGN_SIGNATURE, &long, &other, &twice] {
        let error = bad.parse::<PublicKey>().unwrap_err().to_string();
        assert!(error.contains("is not a public key: write the line that begins with `RW`"), "{error}");
    }
    for (at, secret) in [MINISIGN_KEY, MINISIGN_KEY.lines().nth(1).unwrap_or_default()].into_iter().enumerate() {
        let error = secret.parse::<PublicKey>().unwrap_err().to_string();
        assert!(error.starts_with("a secret key is not a public key: "), "{at}: {error}");
        assert!(!error.contains("RWQ"), "nothing of it is quoted: {error}");
    }
    let unknown = MINISIGN_KEY.replace("RWQAAEIy", "RWRTY0I0");
    for bad in ["", MINISIGN_PUB, MINISIGN_SIGNATURE, &long, "a\nRWQAAEIy", &unknown] {
        assert!(matches!(SecretKey::from_text(bad, None), Err(KeyError::Malformed)), "{bad}");
    }
    for bad in ["", MINISIGN_PUB, MINISIGN_KEY, &long, "\n\n\n", "untrusted comment: \nA\ntrusted comment: \nA"] {
        assert!(matches!(bad.parse::<Signature>(), Err(SignatureError::Malformed(_))), "{bad}");
    }
    let (secret, _) = keys();
    for bad in ["", "two\nlines", "a\u{1b}[2J", " a", &long] {
        assert!(matches!(secret.sign(b"", bad), Err(KeyError::Comment(_))), "{bad:?}");
    }
    let shown = format!("{secret:?}");
    assert_eq!(shown, format!("SecretKey({})", secret.public().id()), "nothing of the secret is shown");
}

/// Whoever makes a key may give it any number.
#[test]
fn a_key_is_the_same_under_another_number() -> Result<(), Box<dyn std::error::Error>> {
    let public: PublicKey = MINISIGN_PUB.parse()?;
    let renumbered: PublicKey = public.to_string().replace("RWQ/CU1b", "RWQ/CU1c").parse()?;
    assert_ne!(renumbered.id(), public.id());
    assert_eq!(renumbered, public);
    assert_eq!(std::collections::BTreeSet::from([renumbered, public]).len(), 1);
    Ok(())
}
