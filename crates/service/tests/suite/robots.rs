//! Robots and the keys of their tokens over time: what the server does by itself, on one process and on several.

use secrecy::{ExposeSecret, SecretString};
use strongroom_core::draft::Member;
use strongroom_core::error::Error;
use strongroom_core::id::Ref;
use strongroom_core::registry_scope::read_scopes;
use strongroom_service::{
    AuditQuery, MintedRobot, NamedOrganization, RegistryDraft, RegistryToken, RegistryTokenDraft,
    RobotDraft, RobotView,
};

use crate::room::{StoreKind, TestRoom, from, given};

const DAY: i64 = 86_400;

on_both_stores! {
    the_last_login_is_kept_by_few_writes
    a_robot_that_ends_soon_is_told_of_once
    the_signer_is_renewed_long_before_it_ends
}

/// A hosted registry of organization 1.
async fn registry(room: &TestRoom) -> Ref {
    let draft = RegistryDraft {
        name: given("harbor".to_owned()),
        organization: given(NamedOrganization::Id(Ref::Serial(1))),
        url: given("https://harbor.example.com".to_owned()),
        ..RegistryDraft::default()
    };
    let made = room.room.create_registry(&room.room.on_host(), draft).await.unwrap();
    Ref::Serial(made.registry.identity.id)
}

/// A robot that lives so many days.
async fn robot(room: &TestRoom, registry: &Ref, days: i64) -> MintedRobot {
    let draft = RobotDraft {
        description: given("test".to_owned()),
        expires: given(room.room.now().plus_seconds(days * DAY)),
        access: None,
    };
    room.room.mint_robot(&room.room.on_host(), registry, draft).await.unwrap()
}

async fn log_in(room: &TestRoom, robot: &MintedRobot) -> Result<RegistryToken, Error> {
    let scopes = read_scopes(["repository:team/app:pull,push"]).unwrap();
    let draft = RegistryTokenDraft { service: None, scopes };
    let origin = from("192.0.2.7");
    room.room.issue_registry_token(&robot.username, &robot.password, draft, &origin).await
}

async fn shown(room: &TestRoom, registry: &Ref, robot: &MintedRobot) -> RobotView {
    room.room.read_robot(&room.room.on_host(), registry, &Ref::Guid(robot.guid)).await.unwrap()
}

/// How many entries of the log have a reason that begins so.
async fn told(room: &TestRoom, reason: &str) -> usize {
    let query = AuditQuery { limit: 200, ..AuditQuery::default() };
    let log = room.room.list_audit(&room.room.on_host(), query).await.unwrap();
    log.items.iter().filter(|entry| entry.reason.starts_with(reason)).count()
}

/// The certificate with which a token comes.
fn header(token: &RegistryToken) -> String {
    token.text.expose_secret().split('.').next().unwrap().to_owned()
}

async fn the_last_login_is_kept_by_few_writes(room: TestRoom) {
    let registry = registry(&room).await;
    let robot = robot(&room, &registry, 30).await;
    assert_eq!(shown(&room, &registry, &robot).await.last_used, None);
    log_in(&room, &robot).await.unwrap();
    let first = room.room.now();
    assert_eq!(shown(&room, &registry, &robot).await.last_used, Some(first));
    room.wait(30);
    log_in(&room, &robot).await.unwrap();
    room.room.close().await;
    assert_eq!(shown(&room, &registry, &robot).await.last_used, Some(first), "within a minute");
    room.wait(90);
    for _ in 0..20 {
        log_in(&room, &robot).await.unwrap();
    }
    assert_eq!(shown(&room, &registry, &robot).await.last_used, Some(first), "not written yet");
    room.room.close().await;
    assert_eq!(shown(&room, &registry, &robot).await.last_used, Some(room.room.now()));
    assert_eq!(told(&room, "registry token").await, 1);
    room.wait(3600);
    log_in(&room, &robot).await.unwrap();
    assert_eq!(told(&room, "registry token").await, 2);
}

async fn a_robot_that_ends_soon_is_told_of_once(room: TestRoom) {
    let registry = registry(&room).await;
    robot(&room, &registry, 10).await;
    robot(&room, &registry, 40).await;
    let rotated = robot(&room, &registry, 5).await;
    let on_host = room.room.on_host();
    let reference = Ref::Guid(rotated.guid);
    let draft = strongroom_service::RotationDraft {
        overlap_seconds: Member::Absent,
        expires: given(room.room.now().plus_seconds(90 * DAY)),
    };
    room.room.rotate_robot(&on_host, &registry, &reference, draft).await.unwrap();
    room.room.close().await;
    assert_eq!(told(&room, "ends within 14 days").await, 1);
    room.wait(120);
    room.room.close().await;
    assert_eq!(told(&room, "ends within 14 days").await, 1);
    room.wait(30 * DAY);
    room.room.close().await;
    assert_eq!(told(&room, "ends within 14 days").await, 2);
}

async fn the_signer_is_renewed_long_before_it_ends(room: TestRoom) {
    let registry = registry(&room).await;
    let robot = robot(&room, &registry, 365).await;
    let before = header(&log_in(&room, &robot).await.unwrap());
    let bundle = room.room.registry_token_certificates().await.unwrap();
    room.wait(29 * DAY);
    room.room.close().await;
    assert_eq!(header(&log_in(&room, &robot).await.unwrap()), before);
    room.wait(2 * DAY);
    room.room.close().await;
    assert_ne!(header(&log_in(&room, &robot).await.unwrap()), before);
    assert_eq!(room.room.registry_token_certificates().await.unwrap(), bundle);
    assert_eq!(told(&room, "renewed before its end").await, 1);
    assert_eq!(
        room.number("SELECT COUNT(*) FROM signing_keys WHERE certificate IS NOT NULL").await,
        2
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_share_one_authority_and_see_each_removal_at_once() {
    let room = TestRoom::new(StoreKind::Postgres).await;
    let other = room.another_process().await;
    let registry = registry(&room).await;
    let robot = robot(&room, &registry, 30).await;
    // Both make the authority at once; one of the two is everybody's.
    let (one, two) = tokio::join!(log_in(&room, &robot), log_in(&other, &robot));
    assert_eq!(header(&one.unwrap()), header(&two.unwrap()));
    let bundle = room.room.registry_token_certificates().await.unwrap();
    assert_eq!(other.room.registry_token_certificates().await.unwrap(), bundle);
    // One renews the signer; the other follows within a minute.
    room.room.rotate_registry_signer(&room.room.on_host()).await.unwrap();
    let renewed = header(&log_in(&room, &robot).await.unwrap());
    assert_ne!(header(&log_in(&other, &robot).await.unwrap()), renewed);
    room.wait(61);
    assert_eq!(header(&log_in(&other, &robot).await.unwrap()), renewed);
    room.room
        .remove_robot(&room.room.on_host(), &registry, &Ref::Guid(robot.guid), false)
        .await
        .unwrap();
    assert!(matches!(log_in(&other, &robot).await, Err(Error::Unauthenticated)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_refused_without_a_slow_hash() {
    let room = TestRoom::new(StoreKind::Sqlite).await;
    registry(&room).await;
    let password = SecretString::from(crate::room::PASSWORD);
    let origin = from("192.0.2.7");
    // Far more than the slow hash and its throttle would let through in that time.
    for _ in 0..2_000 {
        let refused = room
            .room
            .issue_registry_token("admin", &password, RegistryTokenDraft::default(), &origin)
            .await;
        assert!(matches!(refused, Err(Error::Unauthenticated)));
    }
    room.admin().await;
}
