//! The APIs through which rights are given and used.

/// One vendor's API, or Strongroom's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// Strongroom's own API, command line and page.
    Native,
    /// AWX `/api/v2`.
    Awx,
    /// Probely `/credentials`.
    Probely,
    /// Cloud Foundry `/v3`.
    CloudFoundry,
    /// The Application Catalog, `/v1`.
    AppCatalog,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 5] =
        [Self::Native, Self::Awx, Self::Probely, Self::CloudFoundry, Self::AppCatalog];

    /// The word the store, tokens and the native API use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Awx => "awx",
            Self::Probely => "probely",
            Self::CloudFoundry => "cloud_foundry",
            Self::AppCatalog => "app_catalog",
        }
    }

    /// The dialect of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.word() == word)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Native => 1,
            Self::Awx => 2,
            Self::Probely => 4,
            Self::CloudFoundry => 8,
            Self::AppCatalog => 16,
        }
    }
}

/// A set of dialects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct DialectSet(u8);

impl DialectSet {
    /// No dialect.
    pub const NONE: Self = Self(0);
    /// Every dialect.
    pub const ALL: Self = Self(31);

    /// A set of one.
    pub const fn only(dialect: Dialect) -> Self {
        Self(dialect.bit())
    }

    /// The set and one more.
    #[must_use]
    pub const fn with(self, dialect: Dialect) -> Self {
        Self(self.0 | dialect.bit())
    }

    /// What both sets hold.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the dialect is in the set.
    pub const fn contains(self, dialect: Dialect) -> bool {
        self.0 & dialect.bit() != 0
    }

    /// Whether every dialect of this set is in the other.
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

impl FromIterator<Dialect> for DialectSet {
    fn from_iter<I: IntoIterator<Item = Dialect>>(dialects: I) -> Self {
        dialects.into_iter().fold(Self::NONE, Self::with)
    }
}
