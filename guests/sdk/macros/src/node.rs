//! Values written in Rust tokens: what is in the manifest, each part with its place in the source.
//! Knows how they are written, and nothing of what may be in a manifest.

use proc_macro2::{Ident, Span};
use serde_json::{Map, Value};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Lit, LitStr, Result, Token, braced, bracketed, parenthesized, token};

/// How deep values may be nested: what serde_json reads back is less than 128.
const MAX_DEPTH: usize = 100;

/// A value and where it is.
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) data: Data,
}

/// What a value is.
pub(crate) enum Data {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    /// `env!("NAME")`: a variable of the compilation.
    Variable(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// `Enum::Case`, `Enum::Case(value)` or `Enum::Case { … }`; the last part of the path with what belongs to it.
    Case(String, Option<Box<Node>>),
}

/// A key with its value.
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) span: Span,
    pub(crate) value: Node,
}

impl Parse for Node {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        node(input, 0)
    }
}

/// Entries without braces around them.
pub(crate) fn entries(input: ParseStream<'_>) -> Result<Vec<Entry>> {
    entries_at(input, 0)
}

fn node(input: ParseStream<'_>, depth: usize) -> Result<Node> {
    let mut span = input.span();
    if depth > MAX_DEPTH {
        return Err(Error::new(span, format!("values may be nested {MAX_DEPTH} deep at most")));
    }
    let data = if input.peek(token::Brace) {
        let inside;
        braced!(inside in input);
        Data::Map(entries_at(&inside, depth)?)
    } else if input.peek(token::Bracket) {
        let inside;
        bracketed!(inside in input);
        Data::List(list(&inside, depth)?)
    } else if input.peek(Token![-]) || input.peek(Lit) {
        literal(input)?
    } else if input.peek(Ident::peek_any) || input.peek(Token![::]) || input.peek(Token![$]) {
        path(input, &mut span, depth)?
    } else {
        return Err(input.error("expected a text, a number, `[…]`, `{ … }` or a case such as `Permission::Hal9Memory`"));
    };
    Ok(Node { span, data })
}

fn entries_at(input: ParseStream<'_>, depth: usize) -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::new();
    while !input.is_empty() {
        let span = input.span();
        let key = if input.peek(LitStr) {
            input.parse::<LitStr>()?.value()
        } else if input.peek(Ident::peek_any) {
            input.call(Ident::parse_any)?.unraw().to_string()
        } else {
            return Err(input.error("expected a name, a colon and a value, such as `name: \"…\"`"));
        };
        if entries.iter().any(|entry| entry.key == key) {
            return Err(Error::new(span, format!("`{key}` is given twice; keep one of them")));
        }
        input.parse::<Token![:]>()?;
        entries.push(Entry { key, span, value: node(input, depth + 1)? });
        comma(input)?;
    }
    Ok(entries)
}

fn list(input: ParseStream<'_>, depth: usize) -> Result<Vec<Node>> {
    let mut nodes = Vec::new();
    while !input.is_empty() {
        nodes.push(node(input, depth + 1)?);
        comma(input)?;
    }
    Ok(nodes)
}

/// The comma between two values; the last one may have it, too.
fn comma(input: ParseStream<'_>) -> Result<()> {
    if input.is_empty() {
        return Ok(());
    }
    input.parse::<Token![,]>().map(drop).map_err(|error| Error::new(error.span(), "expected a comma before this"))
}

fn literal(input: ParseStream<'_>) -> Result<Data> {
    let sign = if input.parse::<Option<Token![-]>>()?.is_some() { "-" } else { "" };
    let literal: Lit = input.parse()?;
    let number = |digits: &str| {
        let number = serde_json::from_str(&format!("{sign}{digits}"));
        number.map(Data::Number).map_err(|_| Error::new(literal.span(), "this is no number that JSON has"))
    };
    match &literal {
        Lit::Str(text) if sign.is_empty() => {
            owned(input)?;
            Ok(Data::Text(text.value()))
        }
        Lit::Bool(value) if sign.is_empty() => Ok(Data::Bool(value.value)),
        Lit::Int(value) => number(value.base10_digits()),
        Lit::Float(value) => number(value.base10_digits()),
        other => Err(Error::new(other.span(), "expected a text in quotes, a number, `true` or `false`")),
    }
}

/// What turns a `&str` into a `String`: people write it, and it makes no difference here.
fn owned(input: ParseStream<'_>) -> Result<()> {
    while input.peek(Token![.]) {
        input.parse::<Token![.]>()?;
        let method: Ident = input.parse()?;
        if method != "to_string" && method != "to_owned" && method != "into" {
            return Err(Error::new(
                method.span(),
                "a text may be followed by `.to_string()` here, and by no other call",
            ));
        }
        let nothing;
        parenthesized!(nothing in input);
        if !nothing.is_empty() {
            return Err(nothing.error("this call takes nothing"));
        }
    }
    Ok(())
}

/// What begins with a name: `true` and `null`, a macro, or a case with what belongs to it.
/// The place of a case is that of its own name.
fn path(input: ParseStream<'_>, span: &mut Span, depth: usize) -> Result<Data> {
    input.parse::<Option<Token![$]>>()?;
    input.parse::<Option<Token![::]>>()?;
    let mut name = input.call(Ident::parse_any)?;
    let mut parts = 1;
    let mut owner = String::new();
    while input.parse::<Option<Token![::]>>()?.is_some() {
        owner = name.to_string();
        name = input.call(Ident::parse_any)?;
        parts += 1;
    }
    *span = name.span();
    if input.parse::<Option<Token![!]>>()?.is_some() {
        return call(&name, input, depth);
    }
    let case = name.to_string();
    let content = if input.peek(token::Brace) {
        Some(node(input, depth + 1)?)
    } else if input.peek(token::Paren) {
        let inside;
        parenthesized!(inside in input);
        let value = node(&inside, depth + 1)?;
        comma(&inside)?;
        if !inside.is_empty() {
            return Err(inside.error("expected one value in these parentheses; write an entry for each"));
        }
        Some(value)
    } else {
        None
    };
    match (parts, owner.as_str(), case.as_str(), content) {
        (1, _, "null", None) => Ok(Data::Null),
        (2, "String", "from", Some(Node { data: text @ Data::Text(_), .. })) => Ok(text),
        (_, _, _, content) => Ok(Data::Case(case, content.map(Box::new))),
    }
}

/// The macros that make sense here.
fn call(name: &Ident, input: ParseStream<'_>, depth: usize) -> Result<Data> {
    let inside;
    if input.peek(token::Bracket) {
        bracketed!(inside in input);
    } else if input.peek(token::Brace) {
        braced!(inside in input);
    } else {
        parenthesized!(inside in input);
    }
    if name == "vec" {
        return Ok(Data::List(list(&inside, depth)?));
    }
    let data = if name == "json" {
        node(&inside, depth + 1)?.data
    } else if name == "env" {
        Data::Variable(inside.parse::<LitStr>()?.value())
    } else {
        return Err(Error::new(name.span(), "expected `json!({ … })`, `vec![…]` or `env!(\"CARGO_PKG_VERSION\")`"));
    };
    comma(&inside)?;
    if inside.is_empty() { Ok(data) } else { Err(inside.error("expected one value")) }
}

impl Node {
    /// The value as free JSON.
    pub(crate) fn json(&self) -> Result<Value> {
        Ok(match &self.data {
            Data::Null => Value::Null,
            Data::Bool(value) => Value::Bool(*value),
            Data::Number(number) => Value::Number(number.clone()),
            Data::Text(text) => Value::String(text.clone()),
            Data::List(nodes) => Value::Array(nodes.iter().map(Self::json).collect::<Result<_>>()?),
            Data::Map(entries) => {
                let entries = entries.iter().map(|entry| Ok((entry.key.clone(), entry.value.json()?)));
                Value::Object(entries.collect::<Result<Map<_, _>>>()?)
            }
            Data::Variable(_) | Data::Case(..) => {
                return Err(Error::new(
                    self.span,
                    "expected JSON here: a text in quotes, a number, `[…]`, `{ … }`, `true`, `false` or `null`",
                ));
            }
        })
    }
}
