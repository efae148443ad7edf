//! Somebody who asks: the caller is the receiver.

use strongroom_core::Result;
use strongroom_core::access::{Door, ResourceKind, Role};
use strongroom_core::draft::Member;
use strongroom_core::id::Ref;
use strongroom_core::record::{OrganizationSettings, Reference, Version};
use strongroom_service::list::{ListRequest, Paging};
use strongroom_service::view::{
    AuditView, CredentialTypeView, CredentialView, OrganizationView, TeamView, UserView,
};
use strongroom_service::{
    Actor, AuditQuery, CredentialDraft, CredentialScope, CredentialTypeDraft, Deleted, Expected,
    GrantDraft, GrantView, IssuedToken, OrganizationDraft, OrganizationScope, OwnerDoor,
    ReferenceDraft, RoleHolder, RoleTarget, SettingsDraft, Strongroom, TeamDraft, TeamScope,
    TokenDraft, UserDraft, UserScope,
};

use super::{given, machine};

/// Somebody at a door.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) room: Strongroom,
    pub(crate) actor: Actor,
    pub(crate) id: i64,
}

/// A page that holds everything a test makes.
pub(crate) fn everything() -> ListRequest {
    ListRequest { paging: Paging::Offset { limit: 200, offset: 0 }, ..ListRequest::default() }
}

impl Caller {
    pub(crate) fn this(&self) -> Ref {
        Ref::Serial(self.id)
    }

    pub(crate) fn door(&self) -> Door {
        self.actor.door()
    }

    // Credentials.

    pub(crate) async fn create_credential(
        &self,
        door: OwnerDoor,
        draft: CredentialDraft,
    ) -> Result<CredentialView> {
        self.room.create_credential(&self.actor, door, draft).await
    }

    /// A Machine credential of his own.
    pub(crate) async fn create_own(&self, name: &str) -> i64 {
        let made = self.create_credential(OwnerDoor::User(self.this()), machine(name)).await;
        made.unwrap().credential.identity.id
    }

    /// A Machine credential of an organization.
    pub(crate) async fn create_in(&self, organization: i64, name: &str) -> i64 {
        let door = OwnerDoor::Organization(Ref::Serial(organization));
        self.create_credential(door, machine(name)).await.unwrap().credential.identity.id
    }

    /// A Machine credential of a team.
    pub(crate) async fn create_for_team(&self, team: i64, name: &str) -> i64 {
        let draft = CredentialDraft { team: given(Some(Ref::Serial(team))), ..machine(name) };
        let made = self.create_credential(OwnerDoor::Body, draft).await;
        made.unwrap().credential.identity.id
    }

    pub(crate) async fn read(&self, credential: i64) -> Result<CredentialView> {
        let found = self.room.read_credential(&self.actor, &Ref::Serial(credential)).await;
        found.map(|seen| CredentialView::clone(&seen))
    }

    pub(crate) async fn update(
        &self,
        credential: i64,
        draft: CredentialDraft,
    ) -> Result<CredentialView> {
        self.room.update_credential(&self.actor, &Ref::Serial(credential), draft).await
    }

    pub(crate) async fn delete(&self, credential: i64) -> Result<Deleted> {
        self.room
            .delete_credential(&self.actor, &Ref::Serial(credential), true, Expected::Any)
            .await
    }

    pub(crate) async fn delete_unforced(&self, credential: i64) -> Result<Deleted> {
        self.room
            .delete_credential(&self.actor, &Ref::Serial(credential), false, Expected::Any)
            .await
    }

    pub(crate) async fn copy(&self, credential: i64, name: &str) -> Result<CredentialView> {
        let name: Member<String> = given(name);
        self.room.copy_credential(&self.actor, &Ref::Serial(credential), name).await
    }

    /// The ids of the credentials that he sees in a list.
    pub(crate) async fn sees(&self, scope: CredentialScope) -> Result<Vec<i64>> {
        let page = self.room.list_credentials(&self.actor, scope, everything()).await?;
        let ids: Vec<i64> = page.items.iter().map(|view| view.credential.identity.id).collect();
        assert_eq!(page.total, Some(i64::try_from(ids.len()).unwrap()));
        Ok(ids)
    }

    pub(crate) async fn versions(&self, credential: i64) -> Result<Vec<Version>> {
        self.room.list_versions(&self.actor, &Ref::Serial(credential)).await
    }

    pub(crate) async fn restore(&self, credential: i64, number: u64) -> Result<CredentialView> {
        self.room.restore_version(&self.actor, &Ref::Serial(credential), number).await
    }

    // References.

    pub(crate) async fn refer(
        &self,
        credential: i64,
        draft: ReferenceDraft,
    ) -> Result<(Reference, bool)> {
        self.room.register_reference(&self.actor, &Ref::Serial(credential), draft).await
    }

    pub(crate) async fn unrefer(&self, credential: i64, reference: i64) -> Result<()> {
        let (credential, reference) = (Ref::Serial(credential), Ref::Serial(reference));
        self.room.delete_reference(&self.actor, &credential, &reference).await
    }

    pub(crate) async fn references(&self, credential: i64) -> Result<Vec<Reference>> {
        let used = self.room.list_references(&self.actor, &Ref::Serial(credential)).await?;
        Ok(used.references)
    }

    // Types.

    pub(crate) async fn create_type(
        &self,
        draft: CredentialTypeDraft,
    ) -> Result<CredentialTypeView> {
        self.room.create_credential_type(&self.actor, draft).await
    }

    pub(crate) async fn update_type(
        &self,
        id: i64,
        draft: CredentialTypeDraft,
    ) -> Result<CredentialTypeView> {
        self.room.update_credential_type(&self.actor, &Ref::Serial(id), draft).await
    }

    pub(crate) async fn delete_type(&self, id: i64) -> Result<()> {
        self.room.delete_credential_type(&self.actor, &Ref::Serial(id)).await
    }

    // Organizations.

    pub(crate) async fn create_organization(
        &self,
        draft: OrganizationDraft,
    ) -> Result<OrganizationView> {
        self.room.create_organization(&self.actor, draft).await
    }

    pub(crate) async fn read_organization(&self, id: i64) -> Result<OrganizationView> {
        self.room.read_organization(&self.actor, &Ref::Serial(id)).await
    }

    pub(crate) async fn update_organization(
        &self,
        id: i64,
        draft: OrganizationDraft,
    ) -> Result<OrganizationView> {
        self.room.update_organization(&self.actor, &Ref::Serial(id), draft).await
    }

    pub(crate) async fn delete_organization(&self, id: i64) -> Result<()> {
        self.room.delete_organization(&self.actor, &Ref::Serial(id)).await
    }

    pub(crate) async fn set(&self, id: i64, draft: SettingsDraft) -> Result<OrganizationSettings> {
        self.room.update_organization_settings(&self.actor, &Ref::Serial(id), draft).await
    }

    pub(crate) async fn organizations(&self) -> Result<Vec<i64>> {
        let scope = OrganizationScope::All;
        let page = self.room.list_organizations(&self.actor, scope, everything()).await?;
        Ok(page.items.iter().map(|view| view.organization.identity.id).collect())
    }

    // Teams.

    pub(crate) async fn create_team(&self, draft: TeamDraft) -> Result<TeamView> {
        self.room.create_team(&self.actor, draft).await
    }

    pub(crate) async fn read_team(&self, id: i64) -> Result<TeamView> {
        self.room.read_team(&self.actor, &Ref::Serial(id)).await
    }

    pub(crate) async fn update_team(&self, id: i64, draft: TeamDraft) -> Result<TeamView> {
        self.room.update_team(&self.actor, &Ref::Serial(id), draft).await
    }

    pub(crate) async fn delete_team(&self, id: i64) -> Result<()> {
        self.room.delete_team(&self.actor, &Ref::Serial(id)).await
    }

    pub(crate) async fn teams(&self) -> Result<Vec<i64>> {
        let page = self.room.list_teams(&self.actor, TeamScope::All, everything()).await?;
        Ok(page.items.iter().map(|view| view.team.identity.id).collect())
    }

    // Users.

    pub(crate) async fn create_user(&self, draft: UserDraft) -> Result<UserView> {
        self.room.create_user(&self.actor, None, draft).await
    }

    pub(crate) async fn create_user_with(
        &self,
        role: Role,
        on: i64,
        draft: UserDraft,
    ) -> Result<UserView> {
        self.room.create_user(&self.actor, Some((role, Ref::Serial(on))), draft).await
    }

    pub(crate) async fn read_user(&self, id: i64) -> Result<UserView> {
        self.room.read_user(&self.actor, &Ref::Serial(id)).await
    }

    pub(crate) async fn update_user(&self, id: i64, draft: UserDraft) -> Result<UserView> {
        self.room.update_user(&self.actor, &Ref::Serial(id), draft).await
    }

    pub(crate) async fn delete_user(&self, id: i64) -> Result<()> {
        self.room.delete_user(&self.actor, &Ref::Serial(id)).await
    }

    pub(crate) async fn users(&self) -> Result<Vec<i64>> {
        let page = self.room.list_users(&self.actor, UserScope::All, everything()).await?;
        Ok(page.items.iter().map(|view| view.user.identity.id).collect())
    }

    // Roles and grants.

    pub(crate) async fn give_role(&self, target: RoleTarget, holder: RoleHolder) -> Result<()> {
        self.room.give_role(&self.actor, target, holder).await
    }

    pub(crate) async fn take_role(&self, target: RoleTarget, holder: RoleHolder) -> Result<()> {
        self.room.take_role(&self.actor, target, holder).await
    }

    /// Gives a role on an object to a user.
    pub(crate) async fn give(&self, role: Role, on: i64, user: i64) -> Result<()> {
        let holder = RoleHolder::User(Ref::Serial(user));
        self.give_role(RoleTarget::On(role, Ref::Serial(on)), holder).await
    }

    /// Takes a role on an object from a user.
    pub(crate) async fn take(&self, role: Role, on: i64, user: i64) -> Result<()> {
        let holder = RoleHolder::User(Ref::Serial(user));
        self.take_role(RoleTarget::On(role, Ref::Serial(on)), holder).await
    }

    /// Gives a role on an object to a team.
    pub(crate) async fn give_team(&self, role: Role, on: i64, team: i64) -> Result<()> {
        let holder = RoleHolder::Team(Ref::Serial(team));
        self.give_role(RoleTarget::On(role, Ref::Serial(on)), holder).await
    }

    pub(crate) async fn grant(
        &self,
        kind: ResourceKind,
        on: i64,
        draft: GrantDraft,
    ) -> Result<GrantView> {
        self.room.create_grant(&self.actor, kind, &Ref::Serial(on), draft).await
    }

    pub(crate) async fn ungrant(&self, kind: ResourceKind, on: i64, grant: i64) -> Result<()> {
        let grant = Ref::Serial(grant);
        self.room.delete_grant(&self.actor, kind, &Ref::Serial(on), &grant).await
    }

    pub(crate) async fn grants(&self, kind: ResourceKind, on: i64) -> Result<Vec<GrantView>> {
        self.room.list_grants(&self.actor, kind, &Ref::Serial(on)).await
    }

    // Tokens.

    pub(crate) async fn issue(&self, draft: TokenDraft) -> Result<IssuedToken> {
        self.room.issue_token(&self.actor, draft).await
    }

    pub(crate) async fn revoke(&self, id: i64) -> Result<()> {
        self.room.revoke_token(&self.actor, &Ref::Serial(id)).await
    }

    // The log.

    /// Every entry that he may see, in order.
    pub(crate) async fn log(&self) -> Vec<AuditView> {
        let mut all: Vec<AuditView> = Vec::new();
        loop {
            let after = all.last().map_or(0, |entry| entry.id);
            let query = AuditQuery { after, limit: 200, ..AuditQuery::default() };
            let page = self.room.list_audit(&self.actor, query).await.unwrap();
            if page.items.is_empty() {
                return all;
            }
            all.extend(page.items);
        }
    }
}
