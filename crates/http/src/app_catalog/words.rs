//! The sentence of the Catalog for each refusal and broken rule that its requests can meet.

use strongroom_core::error::{Conflict, Refusal, Rule};
use strongroom_core::hosted::{HostedRule, Unhealthy};
use strongroom_core::robot::RobotRule;

/// The sentence of a refusal.
pub(super) const fn refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::ReadOnlyToken => "The token only reads.",
        _ => "No role of yours in the organization allows this.",
    }
}

/// The sentence of a conflict.
pub(super) const fn conflict(conflict: &Conflict) -> &'static str {
    match conflict {
        Conflict::CredentialInUse(_) => {
            "The credential is in use, and its organization protects what is."
        }
        Conflict::OrganizationInUse
        | Conflict::Changed
        | Conflict::RegistryInUse { .. }
        | Conflict::FetchedElsewhere { .. }
        | Conflict::TooManyReferences { .. } => OTHER,
    }
}

/// Why a private registry cannot be used.
pub(super) const fn unhealthy(cause: Unhealthy) -> &'static str {
    match cause {
        Unhealthy::CredentialGone => "The credential of the registry was deleted.",
        Unhealthy::CredentialOfAnotherType => {
            "The credential of the registry is of another type now."
        }
        Unhealthy::CredentialWithoutPassword => "The credential of the registry has no secret.",
        Unhealthy::CredentialElsewhere => "The credential of the registry is for another host.",
        Unhealthy::CredentialOfAnotherOrganization => {
            "The credential of the registry belongs to another organization."
        }
    }
}

/// The sentence of a broken rule. No given value is repeated in it.
pub(super) fn rule(rule: &Rule) -> String {
    let sentence = match rule {
        Rule::Required => "It is required.",
        Rule::Null => "It may not be null.",
        Rule::Blank => "It may not be empty.",
        Rule::NotText => "A text is expected.",
        Rule::TooLong { max } => return format!("At most {max} characters are allowed."),
        Rule::NulCharacter => "NUL characters are not allowed.",
        Rule::NotAChoice { .. } => "It is not one of the known words.",
        Rule::NotAFutureTime => "A time in the future is expected, such as 2030-01-31T12:00:00Z.",
        Rule::NotUnique { .. } => "Another registry has this name.",
        Rule::UnknownObject { .. } => "No such credential is known.",
        Rule::ExactlyOne { of } => {
            return format!("Exactly one of {} is needed.", of.join(" and "));
        }
        Rule::Hosted(HostedRule::Credential(cause)) => unhealthy(*cause),
        Rule::Hosted(HostedRule::Url) => {
            "An absolute address is expected, such as https://registry.example.com."
        }
        Rule::Hosted(HostedRule::Fixed) => "It stays as it was when the registry was created.",
        Rule::Robot(rule) => return robot(*rule),
        _ => OTHER,
    };
    sentence.to_owned()
}

fn robot(rule: RobotRule) -> String {
    let sentence = match rule {
        RobotRule::NotHosted => "Credentials are created for hosted registries only.",
        RobotRule::LimitReached { limit } => {
            return format!("The registry has as many active credentials as it allows: {limit}.");
        }
        RobotRule::Pattern => {
            "The name of a repository is expected, a prefix such as team/*, or * for all."
        }
        RobotRule::EmptyList => "At least one element is expected.",
        RobotRule::NotAList => "A list is expected.",
        RobotRule::NotAnObject => "An object is expected.",
        RobotRule::TooMany { max } => return format!("At most {max} elements are allowed."),
        RobotRule::LivesTooLong { days } => {
            return format!("A credential ends at most {days} days ahead.");
        }
        RobotRule::Rotated | RobotRule::NotActive | RobotRule::OverlapTooLong { .. } => OTHER,
    };
    sentence.to_owned()
}

/// What is said where the Catalog's own requests cannot break the rule.
const OTHER: &str = "It is not allowed.";
