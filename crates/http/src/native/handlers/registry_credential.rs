//! Which registry credential an image is fetched with.

use strongroom_core::draft::Member;
use strongroom_core::error::Rule;
use strongroom_core::registry::Image;
use strongroom_service::platform::ResolveDraft;

use super::{Answer, shown};
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::translate::Members;
use crate::native::wire::Resolution;

pub(in crate::native) async fn resolve(caller: Caller, body: RawBody) -> Answer {
    let members = Members::read(&body, &["image", "app", "space", "organization"])?;
    let image = match members.text("image", Image::LONGEST) {
        Member::Absent => Member::Absent,
        Member::Bad(rule) => Member::Bad(rule),
        Member::Given(text) => match text.parse() {
            Ok(image) => Member::Given(image),
            Err(fault) => Member::Bad(Rule::Image(fault)),
        },
    };
    let draft = ResolveDraft {
        image,
        app: members.optional_id("app"),
        space: members.optional_id("space"),
        organization: members.optional_id("organization"),
    };
    let resolution = caller.room.resolve_image(&caller.actor, draft).await?;
    Ok(shown(&Resolution::from(resolution)))
}
