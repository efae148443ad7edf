//! What the first start makes, and that later ones make nothing.

use strongroom_core::access::Door;
use strongroom_core::audit::{Operation, Outcome};
use strongroom_core::id::Ref;
use strongroom_service::{CredentialScope, OwnerDoor, Strongroom};

use crate::room::{PASSWORD, START, TestRoom, basic, from, machine, open, options};

on_both_stores! {
    a_fresh_store_holds_one_user_one_organization_and_one_credential
    only_system_administrators_and_auditors_see_the_managed_credential
    managed_types_have_the_ids_of_the_contract_and_custom_ones_follow
    the_first_entry_of_the_log_tells_that_the_store_was_made
    a_second_start_finds_what_the_first_made_and_ignores_first_start_settings
    without_a_password_one_is_drawn_told_once_and_kept_in_a_file_until_it_changes
    a_password_that_nobody_could_type_is_refused_and_no_store_is_made
    a_room_tells_nothing_of_itself_when_it_is_printed
}

async fn a_fresh_store_holds_one_user_one_organization_and_one_credential(room: TestRoom) {
    let admin = room.admin().await;
    assert_eq!(admin.users().await.unwrap(), [1]);
    let user = admin.read_user(1).await.unwrap().user;
    assert!(user.is_superuser && !user.is_system_auditor && user.enabled);
    assert_eq!(user.modified, None);
    assert_eq!(admin.organizations().await.unwrap(), [1]);
    let organization = admin.read_organization(1).await.unwrap();
    assert_eq!(organization.organization.name, "Default");
    let roles: Vec<&str> = organization.roles.iter().map(|on| on.role.word()).collect();
    assert_eq!(roles.len(), 13, "{roles:?}");
    assert!(admin.teams().await.unwrap().is_empty());
    assert_eq!(admin.sees(CredentialScope::All).await.unwrap(), [1]);
    let galaxy = admin.read(1).await.unwrap();
    assert_eq!(galaxy.credential.name, "Ansible Galaxy");
    assert!(galaxy.credential.managed && galaxy.owners.is_empty() && galaxy.organization.is_none());
    assert_eq!(galaxy.credential_type.name, "Ansible Galaxy/Automation Hub API Token");
    let url = galaxy.credential.inputs.get("url").and_then(|url| url.as_str());
    assert_eq!(url, Some("https://galaxy.ansible.com/"));
    assert!(galaxy.credential.secrets.is_empty());
    assert_eq!(room.number("SELECT COUNT(*) FROM tokens WHERE user_id <> 1").await, 0);
}

async fn only_system_administrators_and_auditors_see_the_managed_credential(room: TestRoom) {
    let auditor = room.user("auditor").await;
    room.admin()
        .await
        .update_user(
            auditor.id,
            strongroom_service::UserDraft {
                is_system_auditor: crate::room::given(true),
                ..strongroom_service::UserDraft::default()
            },
        )
        .await
        .unwrap();
    assert_eq!(auditor.read(1).await.unwrap().credential.name, "Ansible Galaxy");
    assert!(room.user("joe").await.read(1).await.is_err());
}

async fn managed_types_have_the_ids_of_the_contract_and_custom_ones_follow(room: TestRoom) {
    let admin = room.admin().await;
    for (id, namespace) in [
        (1, "ssh"),
        (2, "scm"),
        (3, "vault"),
        (4, "net"),
        (18, "registry"),
        (19, "galaxy_api_token"),
        (22, "aim"),
        (30, "thycotic_tss"),
        (31, "strongroom_secret_text"),
        (32, "strongroom_registry_robot"),
    ] {
        let view = room.room.read_credential_type(&admin.actor, &Ref::Serial(id)).await.unwrap();
        assert_eq!(view.credential_type.namespace.as_deref(), Some(namespace));
        assert!(view.credential_type.managed);
    }
    let made = admin.create_type(crate::room::named_type("My type")).await.unwrap();
    assert_eq!(made.identity.id, 33);
}

async fn the_first_entry_of_the_log_tells_that_the_store_was_made(room: TestRoom) {
    let log = room.host().log().await;
    assert_eq!((log[0].operation, log[0].outcome), (Operation::Create, Outcome::Done));
    assert_eq!(log[0].reason, "the store was made");
    assert_eq!(log[0].at.as_micros(), START);
    assert_eq!(room.room.first_broken_audit_link().await.unwrap(), None);
}

async fn a_second_start_finds_what_the_first_made_and_ignores_first_start_settings(room: TestRoom) {
    let id = room.admin().await.create_own("mine").await;
    let store = room.room.store_id();
    room.room.close().await;
    let mut later = options(&room.database, room.clock.clone());
    later.admin_password = Some("another password".into());
    later.issuer = "http://elsewhere".into();
    let opened = open(later).await.unwrap();
    assert!(opened.first_start.is_none());
    assert_eq!((opened.room.store_id(), opened.room.issuer()), (store, "http://localhost"));
    let again = |password| opened.room.authenticate(Door::Awx, basic("admin", password), from("h"));
    assert!(again("another password").await.is_err());
    let admin = again(PASSWORD).await.unwrap();
    let found = opened.room.read_credential(&admin, &Ref::Serial(id)).await.unwrap();
    assert_eq!(found.credential.name, "mine");
}

async fn without_a_password_one_is_drawn_told_once_and_kept_in_a_file_until_it_changes(
    room: TestRoom,
) {
    let database = crate::room::Database::new(room.database.kind()).await;
    let file = database.folder().join("initial-admin-password");
    std::fs::write(&file, "of a start that was cut off").unwrap();
    let mut first = options(&database, room.clock.clone());
    first.admin_password = None;
    first.initial_password_file = Some(file.clone());
    let opened = open(first).await.unwrap();
    let drawn = opened.first_start.unwrap().admin_password.unwrap();
    let text = secrecy::ExposeSecret::expose_secret(&drawn).to_owned();
    assert_eq!(std::fs::read_to_string(&file).unwrap().trim_end(), text);
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let admin =
        opened.room.authenticate(Door::Awx, basic("admin", &text), from("h")).await.unwrap();
    let draft = strongroom_service::UserDraft {
        password: crate::room::given(secrecy::SecretString::from(PASSWORD)),
        ..strongroom_service::UserDraft::default()
    };
    opened.room.update_user(&admin, &Ref::Serial(1), draft).await.unwrap();
    assert!(!file.exists());
}

async fn a_password_that_nobody_could_type_is_refused_and_no_store_is_made(room: TestRoom) {
    for password in ["", "a\0b", &"x".repeat(129)] {
        let database = crate::room::Database::new(room.database.kind()).await;
        let mut first = options(&database, room.clock.clone());
        first.admin_password = Some(password.into());
        assert!(matches!(open(first).await, Err(strongroom_service::OpenError::AdminPassword)));
        let opened = open(options(&database, room.clock.clone())).await.unwrap();
        assert!(opened.first_start.is_some());
    }
}

async fn a_room_tells_nothing_of_itself_when_it_is_printed(room: TestRoom) {
    let made =
        room.admin().await.create_credential(OwnerDoor::User(Ref::Serial(1)), machine("a")).await;
    let shown = format!("{:?} {:?} {:?}", room.room, machine("a"), made.unwrap());
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[tokio::test]
async fn a_location_without_a_database_is_an_error_and_leaves_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("keys").join("root.key");
    let url = "postgres://nobody@127.0.0.1:1/nothing?sslmode=disable".into();
    let opened = Strongroom::open(strongroom_service::OpenOptions {
        location: strongroom_service::StoreLocation::Postgres { url, connections: 1 },
        key: strongroom_service::KeyLocation { path: key.clone(), may_create: true },
        admin_password: None,
        initial_password_file: None,
        audit_file: None,
        issuer: String::new(),
        clock: strongroom_core::clock::Clock::fixed(START),
        tuning: strongroom_service::Tuning::default(),
    })
    .await;
    assert!(matches!(opened, Err(strongroom_service::OpenError::Store(_))));
    assert!(!key.exists());
}
