//! Keys and signatures: what is signed verifies, and nothing else does.

use hal9_package::{KeyError, PublicKey, SecretKey, Signature, SignatureError};

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
