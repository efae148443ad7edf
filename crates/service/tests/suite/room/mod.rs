//! A room with a store of its own, and the people who ask things of it.

mod caller;
mod database;
mod draft;

use std::sync::atomic::Ordering;

use secrecy::SecretString;
use strongroom_core::access::{Dialect, Door, Role};
use strongroom_core::audit::Origin;
use strongroom_core::clock::Clock;
use strongroom_core::id::Ref;
use strongroom_core::record::TokenKind;
use strongroom_service::{
    KeyLocation, OpenError, OpenOptions, Opened, Presented, RoleHolder, RoleTarget, Strongroom,
    Tuning,
};

pub(crate) use caller::{Caller, everything};
pub(crate) use database::{Database, StoreKind};
pub(crate) use draft::{
    MASK, given, inputs, machine, named_type, organization, reference, team, token, user,
};

/// The password of every person of a test.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// When every test begins: 2026-01-01.
pub(crate) const START: i64 = 1_767_225_600_000_000;

/// Runs each of these cases on both stores; a case that is not named here is dead code.
macro_rules! on_both_stores {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(crate::room::TestRoom::new(crate::room::StoreKind::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name(crate::room::TestRoom::new(crate::room::StoreKind::Postgres).await).await;
            }
        }
    )*};
}

/// A room with a fresh store, user `admin`, organization 1 and a clock that stands still.
pub(crate) struct TestRoom {
    pub(crate) room: Strongroom,
    pub(crate) clock: Clock,
    pub(crate) database: Database,
}

impl TestRoom {
    pub(crate) async fn new(kind: StoreKind) -> Self {
        let database = Database::new(kind).await;
        let clock = Clock::fixed(START);
        let opened = open(options(&database, clock.clone())).await.unwrap();
        Self { room: opened.room, clock, database }
    }

    /// Another process on the same store, which only PostgreSQL allows.
    pub(crate) async fn another_process(&self) -> Self {
        let opened = open(options(&self.database, self.clock.clone())).await.unwrap();
        assert!(opened.first_start.is_none());
        Self { room: opened.room, clock: self.clock.clone(), database: self.database.share() }
    }

    /// Moves the clock on.
    pub(crate) fn wait(&self, seconds: i64) {
        let Clock::Fixed(now) = &self.clock else { unreachable!("the clock is fixed") };
        now.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Whoever works on the host.
    pub(crate) fn host(&self) -> Caller {
        Caller { room: self.room.clone(), actor: self.room.on_host(), id: 0 }
    }

    /// The first user.
    pub(crate) async fn admin(&self) -> Caller {
        self.enter("admin", Door::Awx).await
    }

    /// A new person.
    pub(crate) async fn user(&self, username: &str) -> Caller {
        self.host().create_user(user(username)).await.unwrap();
        self.enter(username, Door::Awx).await
    }

    /// A new person with a role on an object.
    pub(crate) async fn user_with(&self, username: &str, role: Role, on: i64) -> Caller {
        let caller = self.user(username).await;
        self.give(&caller, role, on).await;
        caller
    }

    /// Gives a person a role as AWX does.
    pub(crate) async fn give(&self, caller: &Caller, role: Role, on: i64) {
        let target = RoleTarget::On(role, Ref::Serial(on));
        self.admin().await.give_role(target, RoleHolder::User(caller.this())).await.unwrap();
    }

    /// A known person at a door, with a token that opens AWX too.
    pub(crate) async fn enter(&self, username: &str, door: Door) -> Caller {
        let mut draft = token(TokenKind::Native);
        draft.dialects = given(vec![Dialect::Awx]);
        draft.username = Some(username.to_owned());
        let issued = self.room.issue_token(&self.room.on_host(), draft).await.unwrap();
        self.caller(door, Presented::Bearer(issued.secret)).await.unwrap()
    }

    /// A person who presents something at a door.
    pub(crate) async fn caller(
        &self,
        door: Door,
        presented: Presented,
    ) -> strongroom_core::Result<Caller> {
        let origin = Origin { dialect: door.dialect(), ..from("192.0.2.7") };
        let actor = self.room.authenticate(door, presented, origin).await?;
        let id = actor.user_id().unwrap();
        Ok(Caller { room: self.room.clone(), actor, id })
    }

    /// An organization.
    pub(crate) async fn organization(&self, name: &str) -> i64 {
        let made = self.host().create_organization(organization(name)).await.unwrap();
        made.organization.identity.id
    }

    /// A team.
    pub(crate) async fn team(&self, name: &str, of: i64) -> i64 {
        self.host().create_team(team(name, of)).await.unwrap().team.identity.id
    }

    /// A number that the store holds.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.database.rows(sql).await[0][0].parse().unwrap()
    }
}

/// A user name and a password by Basic.
pub(crate) fn basic(username: &str, password: &str) -> Presented {
    Presented::Basic { username: username.to_owned(), password: SecretString::from(password) }
}

/// An origin at the AWX door.
pub(crate) fn from(source: &str) -> Origin {
    Origin { dialect: Dialect::Awx, request_id: "r".to_owned(), source: source.to_owned() }
}

/// How a test opens its store.
pub(crate) fn options(database: &Database, clock: Clock) -> OpenOptions {
    OpenOptions {
        location: database.location(),
        key: KeyLocation { path: database.key_file(), may_create: true },
        admin_password: Some(SecretString::from(PASSWORD)),
        initial_password_file: None,
        audit_file: None,
        issuer: "http://localhost".to_owned(),
        clock,
        tuning: Tuning::default(),
    }
}

pub(crate) async fn open(options: OpenOptions) -> Result<Opened, OpenError> {
    Strongroom::open(options).await
}
