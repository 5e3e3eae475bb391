//! Owns what the items of one side are called: packages without their versions, interfaces, types. It refuses to compare.

use std::collections::BTreeMap;

use wit_parser::{Handle, InterfaceId, PackageId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldKey};

use super::same::{By, is_use};

/// Types longer than this are cut when they are shown.
const SHOWN: usize = 120;

/// How deep into a type it is shown.
const SHOWN_DEPTH: usize = 16;

/// The names of one side.
#[derive(Clone)]
pub(super) struct Names<'a> {
    pub(super) resolve: &'a Resolve,
    packages: BTreeMap<PackageId, String>,
}

impl<'a> Names<'a> {
    pub(super) fn new(resolve: &'a Resolve) -> Self {
        let plain = |id: PackageId| {
            let name = &resolve.packages[id].name;
            format!("{}:{}", name.namespace, name.name)
        };
        let ids: Vec<PackageId> = resolve.packages.iter().map(|(id, _)| id).collect();
        let name = |id: PackageId| {
            // Two versions of a package side by side are two packages.
            let is_only = ids.iter().filter(|other| plain(**other) == plain(id)).count() == 1;
            if is_only { plain(id) } else { resolve.packages[id].name.to_string() }
        };
        let packages = ids.iter().map(|id| (*id, name(*id))).collect();
        Self { resolve, packages }
    }

    /// All packages by their names.
    pub(super) fn packages(&self) -> BTreeMap<&str, PackageId> {
        self.packages.iter().map(|(id, name)| (name.as_str(), *id)).collect()
    }

    /// What a package is called, such as `hal9:plugin`.
    pub(super) fn package(&self, id: PackageId) -> &str {
        self.packages.get(&id).map_or("", String::as_str)
    }

    /// What an interface is called, such as `hal9:plugin/memory`; one without a name is called nothing.
    pub(super) fn interface(&self, id: InterfaceId) -> String {
        let interface = &self.resolve.interfaces[id];
        match (interface.package, &interface.name) {
            (Some(package), Some(name)) => format!("{}/{name}", self.package(package)),
            _ => String::new(),
        }
    }

    /// What a world is called, such as `hal9:plugin/host`.
    pub(super) fn world(&self, id: WorldId) -> String {
        let world = &self.resolve.worlds[id];
        match world.package {
            Some(package) => format!("{}/{}", self.package(package), world.name),
            None => world.name.clone(),
        }
    }

    /// What a world calls something that it imports or exports: the interface, or the item's own name.
    pub(super) fn key(&self, key: &WorldKey) -> String {
        match key {
            WorldKey::Name(name) => name.clone(),
            WorldKey::Interface(id) => self.interface(*id),
        }
    }

    /// Where a type is defined: `hal9:plugin/types/error`.
    pub(super) fn path(&self, id: TypeId) -> String {
        let def = &self.resolve.types[id];
        let name = def.name.as_deref().unwrap_or_default();
        match def.owner {
            TypeOwner::Interface(owner) => format!("{}/{name}", self.interface(owner)),
            TypeOwner::World(owner) => format!("{}/{name}", self.world(owner)),
            TypeOwner::None => name.to_owned(),
        }
    }

    /// The type that a name stands for, as far as that makes no difference.
    pub(super) fn peel(&self, ty: &Type, by: By) -> Type {
        let mut ty = *ty;
        while let Type::Id(id) = ty {
            let def = &self.resolve.types[id];
            match &def.kind {
                TypeDefKind::Type(inner) if by != By::Name || def.name.is_none() || is_use(self.resolve, def) => {
                    ty = *inner
                }
                _ => break,
            }
        }
        ty
    }

    /// What a name stands for, once; the type itself, where it is no other name of another one.
    pub(super) fn unfold(&self, ty: &Type) -> Type {
        match ty {
            Type::Id(id) => match &self.resolve.types[*id].kind {
                TypeDefKind::Type(inner) => *inner,
                _ => *ty,
            },
            _ => *ty,
        }
    }

    /// Whether a definition gives a name to a type that there is without it.
    pub(super) fn is_alias(&self, id: TypeId) -> bool {
        use TypeDefKind as K;
        !matches!(self.resolve.types[id].kind, K::Record(_) | K::Variant(_) | K::Enum(_) | K::Flags(_) | K::Resource)
    }

    /// What sort of type something is: `record`, `list`.
    pub(super) fn sort(&self, id: TypeId) -> &'static str {
        match self.peel(&Type::Id(id), By::Source) {
            Type::Id(id) => self.resolve.types[id].kind.as_str(),
            primitive => self::primitive(&primitive),
        }
    }

    /// A type as it is written in WIT, cut where it is long.
    pub(super) fn spell(&self, ty: &Type) -> String {
        cut(self.spell_at(ty, 0))
    }

    /// What a name stands for, as it is written in WIT, cut where it is long.
    pub(super) fn meaning(&self, id: TypeId) -> String {
        cut(self.spell_kind(&self.resolve.types[id].kind, 0))
    }

    fn spell_at(&self, ty: &Type, depth: usize) -> String {
        let Type::Id(id) = ty else { return primitive(ty).to_owned() };
        let def = &self.resolve.types[*id];
        if let Some(name) = &def.name {
            return name.clone();
        }
        if depth > SHOWN_DEPTH {
            return "…".to_owned();
        }
        self.spell_kind(&def.kind, depth)
    }

    fn spell_kind(&self, kind: &TypeDefKind, depth: usize) -> String {
        let of = |ty: &Type| self.spell_at(ty, depth + 1);
        let maybe = |ty: &Option<Type>| ty.as_ref().map_or_else(|| "_".to_owned(), of);
        match kind {
            TypeDefKind::List(of_this) => format!("list<{}>", of(of_this)),
            TypeDefKind::FixedLengthList(of_this, length) => format!("list<{}, {length}>", of(of_this)),
            TypeDefKind::Map(key, value) => format!("map<{}, {}>", of(key), of(value)),
            TypeDefKind::Option(some) => format!("option<{}>", of(some)),
            TypeDefKind::Result(result) => match (&result.ok, &result.err) {
                (None, None) => "result".to_owned(),
                (ok, None) => format!("result<{}>", maybe(ok)),
                (ok, err) => format!("result<{}, {}>", maybe(ok), maybe(err)),
            },
            TypeDefKind::Tuple(tuple) => {
                // What is beyond the first few is cut anyway.
                let types = tuple.types.iter().take(SHOWN).map(of).collect::<Vec<_>>();
                format!("tuple<{}>", types.join(", "))
            }
            TypeDefKind::Handle(Handle::Own(resource)) => of(&Type::Id(*resource)),
            TypeDefKind::Handle(Handle::Borrow(resource)) => format!("borrow<{}>", of(&Type::Id(*resource))),
            TypeDefKind::Future(None) => "future".to_owned(),
            TypeDefKind::Future(Some(of_this)) => format!("future<{}>", of(of_this)),
            TypeDefKind::Stream(None) => "stream".to_owned(),
            TypeDefKind::Stream(Some(of_this)) => format!("stream<{}>", of(of_this)),
            TypeDefKind::Type(inner) => of(inner),
            other => other.as_str().to_owned(),
        }
    }
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(end);
        text.push('…');
    }
    text
}

fn primitive(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(_) => "",
    }
}
