//! Tokens: never more than their maker, gone with him, and gone when their time is over.

use strongroom_core::access::{Dialect, Door, ResourceKind, Role};
use strongroom_core::clock::Timestamp;
use strongroom_core::error::{Refusal, Rule};
use strongroom_core::record::TokenKind;
use strongroom_core::{Error, Result};
use strongroom_service::{
    GrantDraft, IssuedToken, NamedOrganization, Presented, TokenDraft, TokenScope, UserDraft,
};

use crate::room::{Caller, PASSWORD, START, TestRoom, basic, everything, given, token};

fn bearer(issued: &IssuedToken) -> Presented {
    Presented::Bearer(issued.secret.clone())
}

/// Somebody at a door with a password, so that no token bounds what he makes.
async fn by_password(room: &TestRoom, username: &str) -> Caller {
    room.caller(Door::NativeLogin, basic(username, PASSWORD)).await.unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(START).plus_seconds(seconds)
}

on_both_stores! {
    each_kind_opens_its_own_door_and_those_that_were_listed
    a_token_made_with_a_token_never_exceeds_it
    a_token_makes_no_token_of_a_kind_whose_door_it_does_not_open
    a_read_only_token_changes_nothing_and_makes_no_token
    what_a_token_made_is_revoked_with_it_however_far_down
    narrowing_a_token_narrows_what_it_made
    a_token_ends_when_its_time_is_over
    a_user_who_is_disabled_or_gone_has_no_key_left
    a_token_stays_when_the_password_changes_and_the_old_password_ends_at_once
    everybody_sees_and_ends_his_own_tokens_and_administrators_all
    a_token_that_needs_an_organization_takes_one_that_its_user_belongs_to
    the_store_holds_only_the_hash_and_notes_the_use
}

async fn each_kind_opens_its_own_door_and_those_that_were_listed(room: TestRoom) {
    let login = by_password(&room, "admin").await;
    let named = || given(Some(NamedOrganization::Id(1.into())));
    let native = login.issue(token(TokenKind::Native)).await.unwrap();
    let listed = TokenDraft { dialects: given(vec![Dialect::Awx]), ..token(TokenKind::Native) };
    let listed = login.issue(listed).await.unwrap();
    let awx = login.issue(token(TokenKind::Awx)).await.unwrap();
    let probely = login
        .issue(TokenDraft { organization: named(), ..token(TokenKind::Probely) })
        .await
        .unwrap();
    let catalog = login
        .issue(TokenDraft { organization: named(), ..token(TokenKind::Catalog) })
        .await
        .unwrap();
    for (issued, doors) in [
        (native, vec![Door::Native, Door::NativeLogin]),
        (listed, vec![Door::Awx, Door::Native, Door::NativeLogin]),
        (awx, vec![Door::Awx]),
        (probely, vec![Door::Probely]),
        (catalog, vec![Door::CatalogExchange]),
    ] {
        let mut opened = Vec::new();
        for door in Door::ALL {
            match room.caller(door, bearer(&issued)).await {
                Ok(caller) => {
                    assert_eq!(caller.actor.token_id(), Some(issued.view.token.id));
                    opened.push(door);
                }
                Err(error) => assert!(matches!(error, Error::Unauthenticated), "{error:?}"),
            }
        }
        assert_eq!(opened, doors, "{:?}", issued.view.token.kind);
    }
}

async fn a_token_made_with_a_token_never_exceeds_it(room: TestRoom) {
    let login = by_password(&room, "admin").await;
    let narrow = TokenDraft {
        dialects: given(vec![Dialect::Awx]),
        expires: given(at(100)),
        organization: given(Some(NamedOrganization::Id(1.into()))),
        ..token(TokenKind::Native)
    };
    let maker = login.issue(narrow).await.unwrap();
    let maker = room.caller(Door::Native, bearer(&maker)).await.unwrap();
    let wide = TokenDraft {
        dialects: given(vec![Dialect::Awx, Dialect::CloudFoundry]),
        expires: given(at(1000)),
        ..token(TokenKind::Native)
    };
    let made = maker.issue(wide).await.unwrap().view.token;
    assert_eq!(
        (made.dialects, made.expires, made.organization_id),
        (vec![Dialect::Awx], at(100), Some(1))
    );
    let other = room.organization("other").await;
    let elsewhere = TokenDraft {
        organization: given(Some(NamedOrganization::Id(other.into()))),
        ..token(TokenKind::Native)
    };
    assert!(matches!(maker.issue(elsewhere).await, Err(Error::Forbidden(_))));
    let none = maker.issue(token(TokenKind::Native)).await.unwrap().view.token;
    assert!(none.dialects.is_empty());
}

async fn a_token_makes_no_token_of_a_kind_whose_door_it_does_not_open(room: TestRoom) {
    let login = by_password(&room, "admin").await;
    let named = || given(Some(NamedOrganization::Id(1.into())));
    let native = login.issue(token(TokenKind::Native)).await.unwrap();
    let native = room.caller(Door::Native, bearer(&native)).await.unwrap();
    for kind in [TokenKind::Awx, TokenKind::Probely, TokenKind::Catalog] {
        let refused = native.issue(TokenDraft { organization: named(), ..token(kind) }).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{kind:?}");
    }
    let awx = login.issue(token(TokenKind::Awx)).await.unwrap();
    let awx = room.caller(Door::Awx, bearer(&awx)).await.unwrap();
    assert!(matches!(awx.issue(token(TokenKind::Native)).await, Err(Error::Forbidden(_))));
    awx.issue(token(TokenKind::Awx)).await.unwrap();
    let wide = TokenDraft {
        dialects: given(vec![Dialect::Awx, Dialect::Probely, Dialect::AppCatalog]),
        organization: named(),
        ..token(TokenKind::Native)
    };
    let wide = login.issue(wide).await.unwrap();
    let wide = room.caller(Door::Native, bearer(&wide)).await.unwrap();
    for kind in [TokenKind::Awx, TokenKind::Probely, TokenKind::Catalog, TokenKind::Native] {
        assert_eq!(wide.issue(token(kind)).await.unwrap().view.token.organization_id, Some(1));
    }
}

async fn a_read_only_token_changes_nothing_and_makes_no_token(room: TestRoom) {
    let login = by_password(&room, "admin").await;
    let reading = TokenDraft { scope: given("read"), ..token(TokenKind::Native) };
    let reader = login.issue(reading).await.unwrap();
    let reader = room.caller(Door::Native, bearer(&reader)).await.unwrap();
    assert!(!reader.actor.may_write());
    let refused = |outcome: Result<()>| {
        assert!(matches!(outcome, Err(Error::Forbidden(Refusal::ReadOnlyToken))));
    };
    refused(reader.issue(token(TokenKind::Native)).await.map(|_| ()));
    refused(reader.create_organization(crate::room::organization("x")).await.map(|_| ()));
    refused(reader.delete_user(1).await);
    refused(reader.revoke(reader.actor.token_id().unwrap()).await);
    refused(reader.give(Role::OrganizationMember, 1, 1).await);
    assert!(reader.read(1).await.is_ok());
}

async fn what_a_token_made_is_revoked_with_it_however_far_down(room: TestRoom) {
    let login = by_password(&room, "admin").await;
    let mut chain = vec![login.issue(token(TokenKind::Native)).await.unwrap()];
    for _ in 0..3 {
        let maker = room.caller(Door::Native, bearer(chain.last().unwrap())).await.unwrap();
        chain.push(maker.issue(token(TokenKind::Native)).await.unwrap());
    }
    let beside = login.issue(token(TokenKind::Native)).await.unwrap();
    login.revoke(chain[1].view.token.id).await.unwrap();
    for (number, issued) in chain.iter().enumerate() {
        let opens = room.caller(Door::Native, bearer(issued)).await.is_ok();
        assert_eq!(opens, number == 0, "token {number}");
    }
    room.caller(Door::Native, bearer(&beside)).await.unwrap();
}

async fn narrowing_a_token_narrows_what_it_made(room: TestRoom) {
    let login = by_password(&room, "admin").await;
    let maker = login.issue(token(TokenKind::Native)).await.unwrap();
    let child = room.caller(Door::Native, bearer(&maker)).await.unwrap();
    let child = child.issue(token(TokenKind::Native)).await.unwrap();
    let scope = |scope: &str| TokenDraft {
        name: strongroom_core::draft::Member::Absent,
        scope: given(scope),
        ..token(TokenKind::Native)
    };
    let update = |id: i64, draft| {
        let (room, actor) = (login.room.clone(), login.actor.clone());
        async move { room.update_token(&actor, &id.into(), draft).await }
    };
    update(maker.view.token.id, scope("read")).await.unwrap();
    assert!(!room.caller(Door::Native, bearer(&child)).await.unwrap().actor.may_write());
    let widened = update(child.view.token.id, scope("write")).await;
    let writes = room.caller(Door::Native, bearer(&child)).await.unwrap().actor.may_write();
    assert!(!writes, "{widened:?}");
    assert!(matches!(
        update(maker.view.token.id, scope("read read")).await,
        Err(Error::Invalid(_))
    ));
}

async fn a_token_ends_when_its_time_is_over(room: TestRoom) {
    let login = by_password(&room, "admin").await;
    let short = TokenDraft { expires: given(at(60)), ..token(TokenKind::Native) };
    let issued = login.issue(short).await.unwrap();
    room.wait(59);
    room.caller(Door::Native, bearer(&issued)).await.unwrap();
    room.wait(1);
    assert!(matches!(
        room.caller(Door::Native, bearer(&issued)).await,
        Err(Error::Unauthenticated)
    ));
    for when in [60, 0, -1] {
        let past = TokenDraft { expires: given(at(when)), ..token(TokenKind::Native) };
        match login.issue(past).await {
            Err(Error::Invalid(faults)) => assert_eq!(faults[0].rule, Rule::NotAFutureTime),
            other => panic!("{other:?}"),
        }
    }
    let long = login.issue(token(TokenKind::Awx)).await.unwrap().view.token;
    assert_eq!(long.expires, at(60 + 31_536_000_000));
}

async fn a_user_who_is_disabled_or_gone_has_no_key_left(room: TestRoom) {
    let joe = room.user("joe").await;
    let issued = by_password(&room, "joe").await.issue(token(TokenKind::Native)).await.unwrap();
    let enabled = |on: bool| {
        format!("UPDATE users SET enabled = {} WHERE id = {}", literal(&room, on), joe.id)
    };
    room.database.rows(&enabled(false)).await;
    assert!(matches!(
        room.caller(Door::Native, bearer(&issued)).await,
        Err(Error::Unauthenticated)
    ));
    assert!(matches!(
        room.caller(Door::Awx, basic("joe", PASSWORD)).await,
        Err(Error::Unauthenticated)
    ));
    room.database.rows(&enabled(true)).await;
    room.caller(Door::Native, bearer(&issued)).await.unwrap();
    room.admin().await.delete_user(joe.id).await.unwrap();
    assert!(matches!(
        room.caller(Door::Native, bearer(&issued)).await,
        Err(Error::Unauthenticated)
    ));
    assert_eq!(
        room.number(&format!("SELECT COUNT(*) FROM tokens WHERE user_id = {}", joe.id)).await,
        0
    );
}

async fn a_token_stays_when_the_password_changes_and_the_old_password_ends_at_once(room: TestRoom) {
    let joe = by_password(&room, room.user("joe").await.actor.username()).await;
    let issued = joe.issue(token(TokenKind::Native)).await.unwrap();
    room.caller(Door::Awx, basic("joe", PASSWORD)).await.unwrap();
    let draft =
        UserDraft { password: given(secrecy::SecretString::from("new")), ..UserDraft::default() };
    joe.update_user(joe.id, draft).await.unwrap();
    assert!(room.caller(Door::Awx, basic("joe", PASSWORD)).await.is_err());
    room.caller(Door::Awx, basic("joe", "new")).await.unwrap();
    room.caller(Door::Native, bearer(&issued)).await.unwrap();
}

async fn everybody_sees_and_ends_his_own_tokens_and_administrators_all(room: TestRoom) {
    let admin = room.admin().await;
    let joe = room.user("joe").await;
    let boss = room.user_with("boss", Role::OrganizationAdmin, 1).await;
    room.give(&joe, Role::OrganizationMember, 1).await;
    let issued = joe.issue(token(TokenKind::Awx)).await.unwrap();
    let id = issued.view.token.id;
    let read = |caller: &Caller| {
        let (room, actor) = (caller.room.clone(), caller.actor.clone());
        async move { room.read_token(&actor, &id.into()).await }
    };
    assert_eq!(read(&joe).await.unwrap().user.username, "joe");
    assert!(read(&admin).await.is_ok());
    assert!(matches!(read(&boss).await, Err(Error::NotFound(_))));
    assert!(matches!(boss.revoke(id).await, Err(Error::NotFound(_))));
    let listed = |caller: &Caller| {
        let (room, actor) = (caller.room.clone(), caller.actor.clone());
        async move {
            let page = room.list_tokens(&actor, TokenScope::Awx, everything()).await.unwrap();
            page.items.iter().map(|view| view.token.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(listed(&joe).await, [id]);
    assert_eq!(listed(&admin).await, [id]);
    assert!(listed(&boss).await.is_empty());
    admin.revoke(id).await.unwrap();
    assert!(matches!(joe.revoke(id).await, Err(Error::NotFound(_))));
}

async fn a_token_that_needs_an_organization_takes_one_that_its_user_belongs_to(room: TestRoom) {
    let other = room.organization("other").await;
    room.user_with("joe", Role::OrganizationMember, 1).await;
    let joe = by_password(&room, "joe").await;
    let fault = |outcome: Result<IssuedToken>| match outcome {
        Err(Error::Invalid(mut faults)) => faults.remove(0).rule,
        other => panic!("{other:?}"),
    };
    for kind in [TokenKind::Probely, TokenKind::Catalog] {
        assert_eq!(fault(joe.issue(token(kind)).await), Rule::Required);
    }
    let listed = TokenDraft { dialects: given(vec![Dialect::Probely]), ..token(TokenKind::Native) };
    assert_eq!(fault(joe.issue(listed).await), Rule::Required);
    for named in
        [NamedOrganization::Id(other.into()), NamedOrganization::Name("nowhere".to_owned())]
    {
        let foreign = TokenDraft { organization: given(Some(named)), ..token(TokenKind::Probely) };
        assert!(matches!(fault(joe.issue(foreign).await), Rule::UnknownObject { .. }));
    }
    let own = TokenDraft {
        organization: given(Some(NamedOrganization::Name(" DEFAULT ".to_owned()))),
        ..token(TokenKind::Probely)
    };
    let shut = Rule::NoRoleThere { dialect: Dialect::Probely };
    assert_eq!(fault(joe.issue(own.clone()).await), shut, "he belongs, but has no account there");
    let role = given("probely_member".to_owned());
    let member = GrantDraft { role, user: given(Some(joe.this())), ..GrantDraft::default() };
    room.admin().await.grant(ResourceKind::Organization, 1, member).await.unwrap();
    assert_eq!(joe.issue(own).await.unwrap().view.token.organization_id, Some(1));
}

async fn the_store_holds_only_the_hash_and_notes_the_use(room: TestRoom) {
    let issued = by_password(&room, "admin").await.issue(token(TokenKind::Native)).await.unwrap();
    let secret = secrecy::ExposeSecret::expose_secret(&issued.secret).to_owned();
    let rows = room.database.rows("SELECT * FROM tokens").await;
    assert!(!format!("{rows:?}").contains(&secret));
    assert_eq!(issued.view.token.last_used, None);
    room.wait(5);
    room.caller(Door::Native, bearer(&issued)).await.unwrap();
    room.room.close().await;
    let read = room.admin().await;
    let view = read.room.read_token(&read.actor, &issued.view.token.id.into()).await.unwrap();
    assert_eq!(view.token.last_used, Some(at(5)));
}

fn literal(room: &TestRoom, on: bool) -> &'static str {
    match (room.database.kind(), on) {
        (crate::room::StoreKind::Sqlite, true) => "1",
        (crate::room::StoreKind::Sqlite, false) => "0",
        (_, true) => "true",
        (_, false) => "false",
    }
}
