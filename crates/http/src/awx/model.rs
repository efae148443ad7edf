//! What a kind of object is to AWX: its words, its members, and which of them a list can be asked by.

use strongroom_core::id::Kind;
use strongroom_service::list::Field;

/// A kind of object.
#[derive(Debug)]
pub(super) struct Model {
    /// The kind in core.
    pub(super) kind: Kind,
    /// The value of the member `type`.
    pub(super) word: &'static str,
    /// What people call it.
    pub(super) label: &'static str,
    /// The collection in paths.
    pub(super) collection: &'static str,
    /// The members, in the order in which they are shown.
    pub(super) members: &'static [Info],
    /// What filters and orders can name, and the field behind it.
    pub(super) fields: &'static [(&'static str, Field)],
    /// Columns that no filter and no order may name.
    pub(super) closed: &'static [&'static str],
    /// What a search looks into.
    pub(super) searched: &'static [(&'static str, Field)],
    /// The roles on such an object, by field.
    pub(super) roles: &'static [&'static str],
}

/// One member of an object, as `OPTIONS` describes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Info {
    /// The member.
    pub(super) name: &'static str,
    /// The type of its values.
    pub(super) kind: &'static str,
    /// What people call it.
    pub(super) label: &'static str,
    /// A hint, empty when there is none; `%s` stands for what people call the object.
    pub(super) help: &'static str,
    /// Who may do what with it.
    pub(super) access: Access,
    /// Whether it can be asked for in a filter.
    pub(super) filterable: bool,
    /// The most characters of a text.
    pub(super) max_length: Option<u32>,
    /// The least number.
    pub(super) min_value: Option<i64>,
    /// The choices, when there are but some.
    pub(super) choices: &'static [(&'static str, &'static str)],
    /// The choices of those who write, when they have fewer.
    pub(super) writable_choices: &'static [(&'static str, &'static str)],
}

/// Who may do what with a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// It is only shown.
    Read,
    /// It is shown and must be given.
    Required,
    /// It is shown and may be given, else it is this.
    Optional(Start),
    /// It may be given and is never shown.
    Write(Start),
    /// It must be given and is never shown.
    WriteRequired,
}

/// What a member is when it is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Nothing is said.
    Unsaid,
    /// Null.
    Null,
    /// The empty text.
    Empty,
    /// The empty object.
    Object,
    /// False.
    False,
    /// Zero.
    Zero,
    /// One.
    One,
    /// This word.
    Word(&'static str),
}

impl Info {
    /// A member that is only shown.
    pub(super) const fn shown(name: &'static str, kind: &'static str, label: &'static str) -> Self {
        Self::of(name, kind, label, Access::Read)
    }

    /// A member.
    pub(super) const fn of(
        name: &'static str,
        kind: &'static str,
        label: &'static str,
        access: Access,
    ) -> Self {
        Self {
            name,
            kind,
            label,
            help: "",
            access,
            filterable: true,
            max_length: None,
            min_value: None,
            choices: &[],
            writable_choices: &[],
        }
    }

    /// With a hint.
    pub(super) const fn help(self, help: &'static str) -> Self {
        Self { help, ..self }
    }

    /// With a limit of characters.
    pub(super) const fn at_most(self, max: u32) -> Self {
        Self { max_length: Some(max), ..self }
    }

    /// With a least number.
    pub(super) const fn at_least(self, min: i64) -> Self {
        Self { min_value: Some(min), ..self }
    }

    /// Not to be asked for in a filter.
    pub(super) const fn computed(self) -> Self {
        Self { filterable: false, ..self }
    }

    /// With choices.
    pub(super) const fn choices(self, choices: &'static [(&'static str, &'static str)]) -> Self {
        Self { choices, ..self }
    }

    /// Whether its choices are numbers, as clients read them and as the document tells.
    pub(super) fn chooses_numbers(&self) -> bool {
        !self.choices.is_empty() && self.choices.iter().all(|(word, _)| word.parse::<i64>().is_ok())
    }

    /// With fewer choices for those who write.
    pub(super) const fn writable_choices(
        self,
        choices: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { writable_choices: choices, ..self }
    }

    /// Whether it is shown.
    pub(super) const fn is_shown(&self) -> bool {
        !matches!(self.access, Access::Write(_) | Access::WriteRequired)
    }

    /// Whether it can be given.
    pub(super) const fn is_given(&self) -> bool {
        !matches!(self.access, Access::Read)
    }
}

impl Model {
    /// The path of an object.
    pub(super) fn url(&self, id: i64) -> String {
        format!("/api/v2/{}/{id}/", self.collection)
    }

    /// The path of something below an object.
    pub(super) fn below(&self, id: i64, what: &str) -> String {
        format!("/api/v2/{}/{id}/{what}/", self.collection)
    }
}

pub(super) const ID: Info = Info::shown("id", "integer", "ID").help("Database ID for this %s.");
pub(super) const TYPE: Info = Info::shown("type", "choice", "Type").help("Data type for this %s.");
pub(super) const URL: Info =
    Info::shown("url", "string", "Url").help("URL for this %s.").computed();
pub(super) const RELATED: Info = Info::shown("related", "object", "Related")
    .help("Data structure with URLs of related resources.")
    .computed();
pub(super) const SUMMARY: Info = Info::shown("summary_fields", "object", "Summary fields")
    .help(
        "Data structure with name/description for related resources.  The output for some objects may be limited \
         for performance reasons.",
    )
    .computed();
pub(super) const CREATED: Info =
    Info::shown("created", "datetime", "Created").help("Timestamp when this %s was created.");
pub(super) const MODIFIED: Info = Info::shown("modified", "datetime", "Modified")
    .help("Timestamp when this %s was last modified.");
pub(super) const NAME: Info =
    Info::of("name", "string", "Name", Access::Required).help("Name of this %s.").at_most(512);
pub(super) const DESCRIPTION: Info =
    Info::of("description", "string", "Description", Access::Optional(Start::Empty))
        .help("Optional description of this %s.");
