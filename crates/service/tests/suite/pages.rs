//! Pages of remembered lists: what is remembered is what is there, whatever was changed between.

use strongroom_core::access::Role;
use strongroom_service::list::{Field, Filter, ListRequest, Operand, Paging};
use strongroom_service::{CredentialDraft, CredentialScope};

use crate::room::{Caller, TestRoom, given};

/// A page of names and how many there are, of a list asked for often enough to be remembered.
async fn page(caller: &Caller, filters: &[Filter], limit: i64, offset: i64) -> (Vec<String>, i64) {
    let mut last = None;
    for _ in 0..3 {
        let request = ListRequest {
            filters: filters.to_vec(),
            order: Vec::new(),
            paging: Paging::Offset { limit, offset },
            count: true,
        };
        let page = caller
            .room
            .list_credentials(&caller.actor, CredentialScope::All, request)
            .await
            .unwrap();
        let names = page.items.into_iter().map(|view| view.credential.name).collect();
        let found: (Vec<String>, i64) = (names, page.total.unwrap());
        assert!(last.is_none_or(|last| last == found), "the same however it is found");
        last = Some(found);
    }
    last.unwrap()
}

async fn all(caller: &Caller) -> Vec<String> {
    page(caller, &[], 100, 0).await.0
}

on_both_stores! {
    pages_are_pieces_of_the_whole
    what_changes_shows_at_once
    a_process_sees_what_another_changed
}

async fn pages_are_pieces_of_the_whole(room: TestRoom) {
    let admin = room.admin().await;
    let other = room.organization("other").await;
    for name in ["d", "a", "c"] {
        admin.create_in(1, name).await;
        admin.create_in(other, name).await;
    }
    let auditor = room.user_with("auditor", Role::OrganizationAuditor, other).await;
    assert_eq!(all(&auditor).await, ["a", "c", "d"]);
    let whole = all(&admin).await;
    assert_eq!(whole, ["Ansible Galaxy", "a", "a", "c", "c", "d", "d"]);
    for (limit, offset) in [(3, 0), (3, 3), (3, 6), (3, 9), (0, 2)] {
        let from = usize::try_from(offset).unwrap().min(whole.len());
        let to = (from + usize::try_from(limit).unwrap()).min(whole.len());
        assert_eq!(page(&admin, &[], limit, offset).await, (whole[from..to].to_vec(), 7));
    }
    let of = |id| [Filter::equals(Field::Organization, Operand::Int(id))];
    assert_eq!(page(&admin, &of(other), 2, 1).await, (vec!["c".to_owned(), "d".to_owned()], 3));
    assert_eq!(page(&auditor, &of(1), 2, 0).await, (Vec::new(), 0));
    let machines = [Filter::equals(Field::CredentialType, Operand::Int(1))];
    assert_eq!(page(&admin, &machines, 1, 5).await, (vec!["d".to_owned()], 6));
}

async fn what_changes_shows_at_once(room: TestRoom) {
    let admin = room.admin().await;
    let reader = room.user_with("reader", Role::OrganizationMember, 1).await;
    let (first, second) = (admin.create_in(1, "one").await, admin.create_in(1, "two").await);
    assert!(all(&reader).await.is_empty());
    let user = reader.actor.user_id().unwrap();
    admin.give(Role::CredentialRead, first, user).await.unwrap();
    assert_eq!(all(&reader).await, ["one"]);
    admin.give(Role::CredentialUse, second, user).await.unwrap();
    assert_eq!(all(&reader).await, ["one", "two"]);
    let rename = CredentialDraft { name: given("zzz"), ..CredentialDraft::default() };
    admin.update(first, rename).await.unwrap();
    assert_eq!(all(&reader).await, ["two", "zzz"]);
    assert_eq!(all(&admin).await, ["Ansible Galaxy", "two", "zzz"]);
    admin.take(Role::CredentialUse, second, user).await.unwrap();
    assert_eq!(all(&reader).await, ["zzz"]);
    room.give(&reader, Role::OrganizationAuditor, 1).await;
    assert_eq!(all(&reader).await, ["two", "zzz"]);
    admin.delete(second).await.unwrap();
    assert_eq!((all(&reader).await, all(&admin).await.len()), (vec!["zzz".to_owned()], 2));
    reader.create_own("mine").await;
    assert_eq!(all(&reader).await, ["mine", "zzz"]);
}

async fn a_process_sees_what_another_changed(room: TestRoom) {
    if room.room.store_kind() == "sqlite" {
        // Only one process may have that store.
        return;
    }
    let admin = room.admin().await;
    admin.create_in(1, "one").await;
    assert_eq!(all(&admin).await, ["Ansible Galaxy", "one"]);
    let other = room.another_process().await;
    other.admin().await.create_in(1, "two").await;
    assert_eq!(all(&admin).await, ["Ansible Galaxy", "one", "two"]);
}
