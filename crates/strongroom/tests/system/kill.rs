//! `kill -9` amid eight writers: what was acknowledged is there, whole and once; the rest is there whole or
//! not at all.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};

use crate::common::{Server, Store};
use crate::database::Database;
use crate::proof::{figures, sized};
use crate::reader::Reader;
use crate::wire::{Request, Wire};

const ROUNDS: usize = 50;
const WRITERS: u64 = 8;
/// After how many answers of a round the server is killed; 0 is while the first requests are on their way.
const ANSWERS: std::ops::RangeInclusive<usize> = 0..=400;
/// Fewer than the versions that are kept, so that each change can be counted.
const CHANGES: usize = 8;

#[test]
fn no_acknowledged_write_is_lost_on_sqlite() {
    rounds(&Store::sqlite());
}

#[test]
fn no_acknowledged_write_is_lost_on_postgres() {
    rounds(&Store::postgres());
}

/// What a writer knows of one credential.
struct Written {
    name: String,
    /// Absent while its creation was not answered.
    id: Option<i64>,
    /// What was acknowledged last; for a creation without an answer, what was sent.
    values: Values,
    /// Acknowledged changes after the creation.
    changes: usize,
    /// A change without an answer.
    doubt: Option<Values>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Values {
    description: String,
    username: String,
}

/// What one writer did in one round.
#[derive(Default)]
struct Log {
    credentials: Vec<Written>,
    /// Names of tokens; the secret is known when the answer came.
    tokens: Vec<(String, Option<String>)>,
}

impl Log {
    fn answered(&self) -> usize {
        let credentials = self.credentials.iter().filter(|written| written.id.is_some());
        let tokens = self.tokens.iter().filter(|(_, secret)| secret.is_some());
        credentials.map(|written| 1 + written.changes).sum::<usize>() + tokens.count()
    }

    fn cut_off(&self) -> usize {
        let is_cut_off = |written: &&Written| written.id.is_none() || written.doubt.is_some();
        let tokens = self.tokens.iter().filter(|(_, secret)| secret.is_none());
        self.credentials.iter().filter(is_cut_off).count() + tokens.count()
    }
}

struct Writer {
    wire: Wire,
    token: String,
    owner: i64,
    name: String,
    rng: Rng,
    log: Log,
    answered: Sender<()>,
}

fn rounds(store: &Store) {
    let seed = RandomState::new().hash_one(0);
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let mut server = store.start();
    let mut admin = Reader::log_in(&server);
    let owner = admin.create_user("writer", "of many credentials");
    let token = admin.token;
    let mut logs = Vec::new();
    let mut kept = 0;
    let rounds = sized(ROUNDS);
    for round in 0..rounds {
        let written = one_round(&mut server, &token, owner, &format!("{round}"), &mut rng);
        server = store.start();
        let mut reader = Reader::with_token(&server, &token);
        kept += written.iter().map(|log| check_log(&mut reader, log)).sum::<usize>();
        logs.extend(written);
    }
    let (answered, cut_off) = (sum(&logs, Log::answered), sum(&logs, Log::cut_off));
    println!("{answered} writes answered; {cut_off} cut off, of which {kept} were kept");
    assert!(0 < cut_off, "no round killed the server amid writes");
    let mut reader = Reader::with_token(&server, &token);
    check_everything(&mut reader, &logs);
    server.stop();
    let database = Database::of(store);
    database.check_file();
    database.check_whole();
    database.check_chain();
    figures(
        if store.postgres_url().is_some() { "kill -9, PostgreSQL" } else { "kill -9, SQLite" },
        "killed at random moments amid eight writers: what was acknowledged is there, whole and once",
        &json!({
            "rounds": rounds, "acknowledged": answered, "lost": 0, "cut_off": cut_off,
            "of_these_kept_whole": kept, "half_written": 0, "seed": seed,
        }),
    );
}

/// Eight writers at work until the server is killed; what each of them did.
fn one_round(server: &mut Server, token: &str, owner: i64, name: &str, rng: &mut Rng) -> Vec<Log> {
    let (answered, answers) = channel();
    let target = rng.usize(ANSWERS);
    let moment = Duration::from_micros(rng.u64(0..3_000));
    let address = server.address();
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let name = format!("{name}-{writer}");
                let (rng, answered) = (rng.fork(), answered.clone());
                scope.spawn(move || Writer::run(address, token, owner, name, rng, answered))
            })
            .collect();
        drop(answered);
        assert_eq!(
            answers.iter().take(target).count(),
            target,
            "the writers stopped by themselves"
        );
        let begin = Instant::now();
        while begin.elapsed() < moment {
            std::hint::spin_loop();
        }
        server.kill();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    })
}

impl Writer {
    fn run(
        address: SocketAddr,
        token: &str,
        owner: i64,
        name: String,
        rng: Rng,
        answered: Sender<()>,
    ) -> Log {
        let Ok(wire) = Wire::open(address) else { return Log::default() };
        let mut writer =
            Self { wire, token: token.to_owned(), owner, name, rng, log: Log::default(), answered };
        while writer.write().is_some() {}
        writer.log
    }

    /// One write; `None` once the server is gone.
    fn write(&mut self) -> Option<()> {
        match self.rng.u8(0..10) {
            0..=2 => self.create_in_awx(),
            3..=4 => self.create_natively(),
            5..=8 => self.change(),
            _ => self.create_token(),
        }
    }

    fn create_in_awx(&mut self) -> Option<()> {
        let (name, values, secret) = self.draw();
        let inputs = json!({"username": values.username, "password": secret});
        let inputs = match self.rng.u8(0..3) {
            0 => inputs,
            1 => Value::from(inputs.to_string()),
            _ => Value::from(format!("username: {}\npassword: {secret}\n", values.username)),
        };
        let body = json!({"name": name, "description": values.description, "credential_type": 1, "inputs": inputs});
        let target = format!("/api/v2/users/{}/credentials/", self.owner);
        self.create(name, values, &target, &body)
    }

    fn create_natively(&mut self) -> Option<()> {
        let (name, values, secret) = self.draw();
        let inputs = json!({"username": values.username, "password": secret});
        let description = &values.description;
        let body = json!({"name": name, "description": description, "type": 1, "inputs": inputs, "user": self.owner});
        self.create(name, values, "/strongroom/v1/credentials", &body)
    }

    fn create(&mut self, name: String, values: Values, target: &str, body: &Value) -> Option<()> {
        self.log.credentials.push(Written { name, id: None, values, changes: 0, doubt: None });
        let answer = self.post(target, body)?;
        self.log.credentials.last_mut().unwrap().id = Some(id_of(&answer));
        Some(())
    }

    fn change(&mut self) -> Option<()> {
        let candidates: Vec<usize> = (0..self.log.credentials.len())
            .filter(|at| self.log.credentials[*at].changes < CHANGES)
            .collect();
        let Some(at) = self.rng.choice(candidates) else { return self.create_in_awx() };
        let (_, values, _) = self.draw();
        let written = &mut self.log.credentials[at];
        written.doubt = Some(values.clone());
        let target = format!("/api/v2/credentials/{}/", written.id.unwrap());
        let inputs = json!({"username": values.username, "password": "$encrypted$"});
        self.send("PATCH", &target, &json!({"description": values.description, "inputs": inputs}))?;
        let written = &mut self.log.credentials[at];
        written.doubt = None;
        written.values = values;
        written.changes += 1;
        Some(())
    }

    fn create_token(&mut self) -> Option<()> {
        let (name, ..) = self.draw();
        self.log.tokens.push((name.clone(), None));
        let answer =
            self.post("/strongroom/v1/tokens", &json!({"kind": "native", "name": name}))?;
        self.log.tokens.last_mut().unwrap().1 = Some(answer["token"].as_str().unwrap().to_owned());
        Some(())
    }

    fn post(&mut self, target: &str, body: &Value) -> Option<Value> {
        self.send("POST", target, body)
    }

    fn send(&mut self, method: &str, target: &str, body: &Value) -> Option<Value> {
        let request = Request::new(method, target).bearer(&self.token).json(body);
        let answer = self.wire.call(&request).ok()?;
        assert!(
            matches!(answer.status, 200 | 201),
            "{method} {target}: {} {}",
            answer.status,
            answer.text()
        );
        // Nobody listens any more once the server is about to be killed.
        let _ = self.answered.send(());
        Some(answer.json())
    }

    /// A name that occurs once, values and a secret.
    fn draw(&mut self) -> (String, Values, String) {
        let mut word = || -> String { (0..16).map(|_| self.rng.alphanumeric()).collect() };
        let name = format!("{}-{}", self.name, word());
        (name, Values { description: word(), username: word() }, word())
    }
}

/// A native id is an object of its spellings.
fn id_of(answer: &Value) -> i64 {
    answer["id"].as_i64().or_else(|| answer["id"]["id"].as_i64()).unwrap()
}

fn sum(logs: &[Log], count: fn(&Log) -> usize) -> usize {
    logs.iter().map(count).sum()
}

/// How many writes that were cut off are there all the same.
fn check_log(reader: &mut Reader, log: &Log) -> usize {
    let mut kept = 0;
    for written in &log.credentials {
        if let Some(id) = written.id.or_else(|| reader.credential_named(&written.name)) {
            let is_doubtful = check_whole(reader, written, id);
            kept += usize::from(is_doubtful || written.id.is_none());
        }
    }
    for secret in log.tokens.iter().filter_map(|(_, secret)| secret.as_ref()) {
        reader.get_as(secret, "/strongroom/v1/tokens");
    }
    kept
}

/// The row, its inputs, its versions and its audit entries tell the same story. Whether it is the story with
/// the change that was cut off.
fn check_whole(reader: &mut Reader, written: &Written, id: i64) -> bool {
    let shown = reader.get(&format!("/api/v2/credentials/{id}/"));
    assert_eq!(shown["name"], written.name);
    assert_eq!(shown["inputs"]["password"], "$encrypted$", "{shown}");
    assert_eq!(shown["summary_fields"]["owners"][0]["name"], "writer", "{shown}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let found = Values {
        description: text(&shown["description"]),
        username: text(&shown["inputs"]["username"]),
    };
    let doubtful = written.doubt.as_ref() == Some(&found);
    assert!(
        doubtful || written.values == found,
        "{found:?} is neither before nor after the last change"
    );
    let changes = written.changes + usize::from(doubtful);
    assert_eq!(reader.versions(id), 1 + changes, "versions of {id}");
    assert_eq!(reader.activity(id), (1, changes), "audit entries of {id}");
    doubtful
}

/// Nothing is there twice, and nothing that nobody wrote.
fn check_everything(reader: &mut Reader, logs: &[Log]) {
    let names = reader.credential_names();
    let unique: BTreeSet<&String> = names.iter().collect();
    assert_eq!(unique.len(), names.len(), "a credential is there twice");
    let written = || logs.iter().flat_map(|log| &log.credentials);
    let sent: BTreeSet<&String> = written().map(|written| &written.name).collect();
    assert!(unique.iter().all(|name| sent.contains(*name) || *name == "Ansible Galaxy"));
    assert!(
        written()
            .filter(|written| written.id.is_some())
            .all(|written| unique.contains(&written.name))
    );
    let tokens = reader.token_names();
    let kept: BTreeSet<&String> = tokens.iter().collect();
    assert_eq!(kept.len(), tokens.len(), "a token is there twice");
    let issued = logs.iter().flat_map(|log| &log.tokens);
    assert!(issued.filter(|(_, secret)| secret.is_some()).all(|(name, _)| kept.contains(name)));
    // A copy opens the secret and seals it again.
    for written in written().filter(|written| written.id.is_some()).step_by(20) {
        let target = format!("/api/v2/credentials/{}/copy/", written.id.unwrap());
        reader.post(&target, &json!({"name": format!("copy of {}", written.name)}));
    }
}
