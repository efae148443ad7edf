//! How one of the platform's lists is asked for.

use strongroom_core::id::Guid;
use strongroom_core::platform::LabelSelector;

/// What a list is asked for. It never shows more than the caller may read.
#[derive(Debug, Clone)]
pub struct PlatformQuery {
    /// Conditions, all of which hold.
    pub filters: Vec<PlatformFilter>,
    /// What the labels must be.
    pub labels: LabelSelector,
    /// For apps: the kinds of lifecycle.
    pub lifecycles: Option<Vec<String>>,
    /// For apps: the stacks; an empty text stands for none.
    pub stacks: Option<Vec<String>>,
    /// The order; absent means the one in which the objects were made.
    pub order: Option<Order>,
    /// Which part of the list.
    pub page: PlatformPage,
}

impl Default for PlatformQuery {
    fn default() -> Self {
        Self {
            filters: Vec::new(),
            labels: LabelSelector::default(),
            lifecycles: None,
            stacks: None,
            order: None,
            page: PlatformPage { number: 1, per_page: 50 },
        }
    }
}

impl PlatformQuery {
    /// Whether it asks for something that stands in documents, which no statement looks into.
    pub(crate) fn looks_into_documents(&self) -> bool {
        !self.labels.is_empty() || self.lifecycles.is_some() || self.stacks.is_some()
    }
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlatformPage {
    /// The number of the page, from 1.
    pub number: i64,
    /// The most elements of a page, from 1.
    pub per_page: i64,
}

impl PlatformPage {
    /// How many elements stand on the pages before.
    pub(crate) const fn skipped(self) -> i64 {
        (self.number - 1).saturating_mul(self.per_page)
    }
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub enum PlatformFilter {
    /// It has one of these guids.
    Guids(Vec<Guid>),
    /// It belongs to one of these.
    Related(Related, Vec<Guid>),
    /// It has one of these texts.
    Texts(TextField, Vec<String>),
    /// A user whose name holds one of these texts, upper and lower case alike.
    Containing(Vec<String>),
    /// Its time lies in one of these seconds since 1970.
    Times(TimeField, Vec<i64>),
    /// Its time, in whole seconds since 1970, compares so.
    Compared(TimeField, Comparison, i64),
    /// Nothing passes.
    Nothing,
}

/// What an object belongs to or is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the kind of object of that name")]
pub enum Related {
    Organization,
    Space,
    App,
    User,
}

/// A text to filter by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextField {
    /// Its name, or a user's name; spellings that fold together are alike.
    Name,
    /// The scope of a registry credential.
    Scope,
    /// The location of a registry credential, exactly.
    Location,
    /// The type of a role.
    Role,
}

/// A time to filter and order by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeField {
    /// When it was made.
    Created,
    /// When it was last changed.
    Updated,
}

/// How a time compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the operator of that name")]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An order, least first unless descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By a time, and whether descending.
    Time(TimeField, bool),
    /// By name, and whether descending.
    Name(bool),
    /// For apps: by whether they are started, and whether descending.
    State(bool),
}
