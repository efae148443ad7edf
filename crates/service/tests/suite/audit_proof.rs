//! The exported log of a real store: it proves itself with the public key, before and after the key was replaced,
//! and what was done to the rows of the database shows.

use serde_json::Value;
use strongroom_core::access::Role;
use strongroom_core::audit::note::{NoteVerifier, SignedNote, notes_in};
use strongroom_core::audit::proof::{Finding, Proof, Verifier};
use strongroom_core::{Error, id::Kind};
use strongroom_service::list::{Field, Filter, Operand};
use strongroom_service::{AuditQuery, Strongroom};

use crate::room::{TestRoom, open, options};

on_both_stores! {
    an_export_is_proved_by_the_public_key_alone
    rows_that_were_changed_show_in_the_next_export
    the_key_is_replaced_with_an_overlap
    only_who_reads_the_whole_log_exports_it
    the_log_is_asked_by_who_what_when_and_which_object
    nothing_is_answered_that_the_audit_file_did_not_take
}

async fn export(room: &Strongroom) -> Vec<Value> {
    let host = room.on_host();
    let (mut lines, mut after) = (Vec::new(), 0);
    loop {
        let part = room.export_audit(&host, after).await.unwrap();
        lines.extend(part.lines);
        match part.next {
            None => return lines,
            Some(next) => after = next,
        }
    }
}

fn prove(lines: &[Value], keys: &[&str], anchors: &str) -> Result<Proof, Finding> {
    let keys = keys.iter().map(|key| key.parse::<NoteVerifier>().unwrap()).collect();
    let mut verifier = Verifier::new(keys, notes_in(anchors))?;
    for line in lines {
        verifier.line(&line.to_string())?;
    }
    verifier.finish()
}

async fn an_export_is_proved_by_the_public_key_alone(mut room: TestRoom) {
    let key = room.room.audit_public_key().await.unwrap();
    let admin = room.admin().await;
    let mut anchors = String::new();
    for number in 0..5 {
        admin.create_in(1, &format!("c{number}")).await;
        anchors += &room.room.audit_checkpoint(&room.room.on_host()).await.unwrap();
        if number == 2 {
            // The tree goes on where another process left it.
            room.room = open(options(&room.database, room.clock.clone())).await.unwrap().room;
        }
    }
    // Two processes that write in turn go on with one chain, whichever of them linked last.
    let elsewhere = room.admin().await;
    elsewhere.create_in(1, "elsewhere, after the last anchor").await;
    admin.create_in(1, "here").await;
    elsewhere.create_in(1, "elsewhere again").await;
    let lines = export(&room.room).await;
    let proof = prove(&lines, &[&key], &anchors).unwrap();
    let entries = room.number("SELECT COUNT(*) FROM audit_entries").await.unsigned_abs();
    assert_eq!((proof.entries, proof.checkpoints, proof.anchors), (entries, 6, 5));
    assert_eq!(room.room.audit_public_key().await.unwrap(), key);
    assert!(lines.iter().all(|line| !line.to_string().contains("s3cret")));
}

async fn rows_that_were_changed_show_in_the_next_export(room: TestRoom) {
    let key = room.room.audit_public_key().await.unwrap();
    let admin = room.admin().await;
    for number in 0..6 {
        admin.create_in(1, &format!("c{number}")).await;
    }
    let anchor = room.room.audit_checkpoint(&room.room.on_host()).await.unwrap();
    let last = room.number("SELECT MAX(position) FROM audit_links").await;
    let entry = format!("(SELECT entry_id FROM audit_links WHERE position = {})", last - 2);
    room.database
        .rows(&format!("UPDATE audit_entries SET actor_name = 'eve' WHERE id = {entry}"))
        .await;
    let finding = prove(&export(&room.room).await, &[&key], "").unwrap_err();
    assert_eq!(finding.position, (last - 2).unsigned_abs());
    room.database
        .rows(&format!("UPDATE audit_entries SET actor_name = 'admin' WHERE id = {entry}"))
        .await;
    prove(&export(&room.room).await, &[&key], &anchor).unwrap();
    // The end cut off, checkpoints and all, as whoever holds the database can.
    room.database
        .rows(&format!(
            "DELETE FROM audit_links WHERE position > {last} - 2; DELETE FROM audit_checkpoints"
        ))
        .await;
    let cut = open(options(&room.database, room.clock.clone())).await.unwrap().room;
    let finding = prove(&export(&cut).await, &[&key], &anchor).unwrap_err();
    assert_eq!(finding.position, (last - 1).unsigned_abs(), "{finding}");
}

async fn the_key_is_replaced_with_an_overlap(room: TestRoom) {
    let host = room.room.on_host();
    let old = room.room.audit_public_key().await.unwrap();
    assert!(room.room.rotate_audit_key(&room.admin().await.actor, 60).await.is_err());
    let rotated = room.room.rotate_audit_key(&host, 60).await.unwrap();
    assert_eq!(rotated.previous, Some(old.clone()));
    let new = rotated.public_key;
    assert_eq!(room.room.audit_public_key().await.unwrap(), new);
    let signed_by = |note: &str, key: &str| {
        let (note, key): (SignedNote, NoteVerifier) = (note.parse().unwrap(), key.parse().unwrap());
        note.checkpoint(&room.room.audit_origin(), &[key]).is_ok()
    };
    room.admin().await.create_in(1, "during").await;
    let during = room.room.audit_checkpoint(&host).await.unwrap();
    assert!(signed_by(&during, &old) && signed_by(&during, &new));
    // Whoever knows the old key alone still proves the log, and reads of the new one in it.
    let lines = export(&room.room).await;
    prove(&lines, &[&old], &during).unwrap();
    assert!(
        lines.iter().any(|line| line["changes"].as_str().is_some_and(|text| text.contains(&new)))
    );
    room.wait(61);
    room.admin().await.create_in(1, "afterwards").await;
    let afterwards = room.room.audit_checkpoint(&host).await.unwrap();
    assert!(!signed_by(&afterwards, &old) && signed_by(&afterwards, &new));
    let lines = export(&room.room).await;
    assert!(prove(&lines, &[&old], "").is_err());
    prove(&lines, &[&new, &old], &(during + &afterwards)).unwrap();
}

async fn only_who_reads_the_whole_log_exports_it(room: TestRoom) {
    let auditor = room.user_with("auditor", Role::OrganizationAuditor, 1).await;
    let joe = room.user("joe").await;
    for caller in [&auditor, &joe] {
        assert!(matches!(room.room.export_audit(&caller.actor, 0).await, Err(Error::Forbidden(_))));
        assert!(matches!(
            room.room.audit_checkpoint(&caller.actor).await,
            Err(Error::Forbidden(_))
        ));
    }
    let flag = strongroom_service::UserDraft {
        is_system_auditor: crate::room::given(true),
        ..Default::default()
    };
    room.admin().await.update_user(joe.id, flag).await.unwrap();
    assert!(room.room.export_audit(&joe.actor, 0).await.is_ok());
    assert!(room.room.audit_checkpoint(&joe.actor).await.is_ok());
}

async fn the_log_is_asked_by_who_what_when_and_which_object(room: TestRoom) {
    let admin = room.admin().await;
    let c = admin.create_in(1, "c").await;
    let joe = room.user("joe").await;
    room.wait(60);
    let since = room.room.now();
    assert!(joe.read(c).await.is_err());
    let ask = async |query: AuditQuery| {
        let query = AuditQuery { limit: 200, ..query };
        room.room.list_audit(&admin.actor, query).await.unwrap().items.len()
    };
    let by = |field, value| AuditQuery {
        filters: vec![Filter::equals(field, value)],
        ..AuditQuery::default()
    };
    assert_eq!(ask(by(Field::Actor, Operand::Int(joe.id))).await, 1);
    assert_eq!(ask(by(Field::Outcome, Operand::Text("refused".to_owned()))).await, 1);
    let recent = Filter {
        test: strongroom_service::list::Test::GreaterOrEqual(since.into()),
        ..Filter::equals(Field::Created, Operand::Int(0))
    };
    assert_eq!(ask(AuditQuery { filters: vec![recent], ..AuditQuery::default() }).await, 1);
    let touching = AuditQuery { touching: Some((Kind::Credential, c)), ..AuditQuery::default() };
    assert_eq!(ask(touching).await, 2);
}

async fn nothing_is_answered_that_the_audit_file_did_not_take(room: TestRoom) {
    room.room.close().await;
    let path = room.database.folder().join("audit.jsonl");
    let mut with_file = options(&room.database, room.clock.clone());
    with_file.audit_file = Some(path.clone());
    let opened = open(with_file).await.unwrap();
    let room = TestRoom { room: opened.room, ..room };
    let admin = room.admin().await;
    let c = admin.create_in(1, "told").await;
    let text = std::fs::read_to_string(&path).unwrap();
    let told: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = told.last().unwrap();
    assert_eq!((&last["action"], &last["objects"][0]["id"]), (&"create".into(), &c.into()));
    let count = "SELECT COUNT(*) FROM credentials";
    let before = room.number(count).await;
    std::fs::remove_file(&path).unwrap();
    let begin = std::time::Instant::now();
    for number in 0..3 {
        let draft = crate::room::machine(&format!("untold {number}"));
        let door = strongroom_service::OwnerDoor::Organization(1.into());
        let refused = admin.create_credential(door, draft).await;
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    }
    assert!(begin.elapsed() < std::time::Duration::from_secs(2));
    // Only the change that found out may have been done, and its line is not lost.
    assert!(room.number(count).await <= before + 1);
    admin.read(c).await.unwrap();
    std::fs::write(&path, "").unwrap();
    admin.create_in(1, "told again").await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("untold 0") && text.contains("told again"), "{text}");
    assert_eq!(room.room.first_broken_audit_link().await.unwrap(), None);
}
