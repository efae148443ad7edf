//! What is measured, in which order.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use fastrand::Rng;
use indicatif::{ProgressBar, ProgressStyle};

use crate::load::{self, MakeRequest, Measured};
use crate::openbao::OpenBao;
use crate::process::Process;
use crate::server::{self, NEW_ROBOT, Server};
use crate::{bare, machine, seed};

/// What to measure.
pub(crate) struct Plan {
    pub(crate) credentials: Vec<u64>,
    pub(crate) connections: Vec<usize>,
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
    pub(crate) settle: Duration,
    pub(crate) openbao: Option<PathBuf>,
    pub(crate) work: PathBuf,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    /// A masked read of one credential, chosen at random, with a token.
    Get,
    /// The same with user name and password.
    GetBasic,
    /// The first page, for an administrator.
    Page,
    /// A page in the middle, for an administrator.
    MiddlePage,
    /// The last page, for an administrator.
    LastPage,
    /// The first page, for an auditor of the one organization.
    AuditorPage,
    /// The first page, for an auditor of an organization that owns a tenth of the credentials.
    TenthPage,
    /// A page in the middle of what he sees.
    TenthMiddlePage,
    /// The last page of what he sees.
    TenthLastPage,
    /// A creation.
    Create,
    /// A token for a registry, for a robot that logs in with its password.
    RegistryToken,
    /// The minting of a robot, for one of many registries.
    Mint,
}

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// Strongroom, with that many credentials.
    Strongroom(u64),
    /// The bare server.
    Bare,
    /// OpenBao.
    OpenBao,
}

/// The measurements of one operation of one target at one number of connections, a round each.
pub(crate) type Rounds = BTreeMap<(Operation, Target, usize), Vec<Measured>>;

/// Everything that was found.
pub(crate) struct Tables {
    pub(crate) rounds: Rounds,
    pub(crate) credentials: Vec<u64>,
    pub(crate) connections: Vec<usize>,
    /// For each store: resident bytes after the reads and a rest.
    pub(crate) resident: Vec<(u64, u64)>,
    /// For each store: from start to first answer.
    pub(crate) starts: Vec<(u64, Vec<Duration>)>,
    pub(crate) openbao: Option<String>,
    pub(crate) load: (String, String),
    pub(crate) taken: (usize, Duration, Duration),
}

/// One thing to measure again and again.
struct Item<'a> {
    operation: Operation,
    target: Target,
    address: SocketAddr,
    make: Box<MakeRequest<'a>>,
}

/// A store under test: reads go to one copy, creations to another, so that what is read does not grow.
struct Room {
    credentials: u64,
    data: PathBuf,
    reads: Server,
    creates: Server,
}

/// Measures everything.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Tables> {
    let before = machine::busy();
    let scratch = tempfile::tempdir_in(fs::canonicalize({
        fs::create_dir_all(&plan.work)?;
        &plan.work
    })?)?;
    let mut rooms = Vec::new();
    for credentials in &plan.credentials {
        let seeded = seed::store(&plan.work, *credentials)?;
        let copy = |name: &str| {
            server::copy(&seeded, scratch.path().join(format!("{name}-{credentials}")))
        };
        let data = copy("reads")?;
        let mut reads = Server::start(&data)?;
        if *credentials <= SET_APART {
            reads.set_apart(*credentials)?;
        }
        let creates = Server::start(&copy("creates")?)?;
        rooms.push(Room { credentials: *credentials, data, reads, creates });
    }
    let first = rooms.first().context("a benchmark needs a number of credentials")?;
    let bare = start_bare(first, scratch.path())?;
    let openbao = match &plan.openbao {
        Some(binary) => {
            Some(OpenBao::start(binary, &scratch.path().join("openbao"), OPENBAO_SECRETS)?)
        }
        None => None,
    };
    let items = items(&rooms, &bare, openbao.as_ref());
    let rounds = measure(plan, &items)?;
    drop(items);
    std::thread::sleep(plan.settle);
    let mut resident = Vec::new();
    let mut starts = Vec::new();
    let version = openbao.as_ref().map(|openbao| openbao.version.clone());
    drop(openbao);
    for room in rooms {
        resident.push((room.credentials, room.reads.process.resident()?));
        room.creates.process.stop()?;
        room.reads.process.stop()?;
        let times =
            (0..STARTS).map(|_| server::time_to_first_answer(&room.data, &room.reads.bearer));
        starts.push((room.credentials, times.collect::<anyhow::Result<_>>()?));
    }
    Ok(Tables {
        rounds,
        credentials: plan.credentials.clone(),
        connections: plan.connections.clone(),
        resident,
        starts,
        openbao: version,
        load: (before, machine::busy()),
        taken: (plan.rounds, plan.time, plan.settle),
    })
}

fn start_bare(room: &Room, scratch: &std::path::Path) -> anyhow::Result<Process> {
    let ask = |request: Vec<u8>| load::once(room.reads.process.address, &request);
    let get = ask(Server::get(2, &room.reads.bearer))?;
    let page = ask(Server::page(1, &room.reads.bearer))?;
    let create = Server::create(fastrand::u64(..), &room.creates.bearer);
    let create = load::once(room.creates.process.address, &create)?;
    let token = ask(room.reads.registry_token())?;
    let mint = load::once(room.creates.process.address, &room.creates.mint(0))?;
    for answer in [&get, &page, &create, &token, &mint] {
        answer.json()?;
    }
    let answers =
        [("get", &get), ("page", &page), ("create", &create), ("token", &token), ("mint", &mint)];
    bare::start(&scratch.join("bare"), &answers)
}

fn items<'a>(rooms: &'a [Room], bare: &Process, openbao: Option<&'a OpenBao>) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    for room in rooms {
        let n = room.credentials;
        // The first credential is the store's own.
        let any = move |rng: &mut Rng| rng.u64(2..2 + n);
        let middle = n / 50 + 1;
        let reads = &room.reads;
        let mut ask = |operation, server: &Server, make: Box<MakeRequest<'a>>| {
            let (target, address) = (Target::Strongroom(n), server.process.address);
            items.push(Item { operation, target, address, make });
        };
        ask(Operation::Get, reads, Box::new(move |rng| Server::get(any(rng), &reads.bearer)));
        ask(Operation::GetBasic, reads, Box::new(move |rng| Server::get(any(rng), &reads.basic)));
        ask(Operation::Page, reads, Box::new(|_| Server::page(1, &reads.bearer)));
        ask(Operation::MiddlePage, reads, Box::new(move |_| Server::page(middle, &reads.bearer)));
        let last = (n + 1).div_ceil(PAGE);
        ask(Operation::LastPage, reads, Box::new(move |_| Server::page(last, &reads.bearer)));
        ask(Operation::AuditorPage, reads, Box::new(|_| Server::page(1, &reads.auditor)));
        if let Some(tenth) = &reads.tenth {
            let last = n.div_ceil(10).div_ceil(PAGE);
            let middle = last.div_ceil(2);
            ask(Operation::TenthPage, reads, Box::new(move |_| Server::page(1, tenth)));
            ask(Operation::TenthMiddlePage, reads, Box::new(move |_| Server::page(middle, tenth)));
            ask(Operation::TenthLastPage, reads, Box::new(move |_| Server::page(last, tenth)));
        }
        let creates = &room.creates;
        let create = |rng: &mut Rng| Server::create(rng.u64(..), &creates.bearer);
        ask(Operation::Create, creates, Box::new(create));
        ask(Operation::RegistryToken, reads, Box::new(|_| reads.registry_token()));
        ask(Operation::Mint, creates, Box::new(|rng| creates.mint(rng.usize(..))));
    }
    let key = rooms.first().map(|room| room.reads.bearer.as_str()).unwrap_or_default();
    let robot = rooms.first().map(|room| room.reads.robot.as_str()).unwrap_or_default();
    let fixed: [(Operation, Box<MakeRequest<'a>>); 5] = [
        (Operation::RegistryToken, Box::new(|_| load::request("GET", "/token", robot, ""))),
        (Operation::Mint, Box::new(|_| load::request("POST", "/mint", key, NEW_ROBOT))),
        (Operation::Get, Box::new(|_| load::request("GET", "/get", key, ""))),
        (Operation::Page, Box::new(|_| load::request("GET", "/page", key, ""))),
        (
            Operation::Create,
            Box::new(|rng| {
                let own = Server::create(rng.u64(..), key);
                [b"POST /create".as_slice(), &own["POST /api/v2/credentials/".len()..]].concat()
            }),
        ),
    ];
    for (operation, make) in fixed {
        items.push(Item { operation, target: Target::Bare, address: bare.address, make });
    }
    if let Some(openbao) = openbao {
        let others: [(Operation, Box<MakeRequest<'a>>); 3] = [
            (Operation::Get, Box::new(|rng| openbao.get(rng.u64(..OPENBAO_SECRETS)))),
            (Operation::Page, Box::new(|_| openbao.page())),
            (Operation::Create, Box::new(|rng| openbao.create(&format!("n{}", rng.u64(..))))),
        ];
        for (operation, make) in others {
            let address = openbao.process.address;
            items.push(Item { operation, target: Target::OpenBao, address, make });
        }
    }
    items.sort_by_key(|item| (item.operation, item.target));
    items
}

/// Every item once in each round, one after the other.
fn measure(plan: &Plan, items: &[Item<'_>]) -> anyhow::Result<Rounds> {
    let all = plan.rounds * plan.connections.len() * items.len();
    let bar = ProgressBar::new(u64::try_from(all)?).with_style(ProgressStyle::with_template(
        "measuring {pos} of {len} {wide_bar} {eta} left",
    )?);
    let mut rounds = Rounds::new();
    for item in items {
        // Caches and connections of all of them are warm before the first round.
        load::run(item.address, &*item.make, 1, WARM_UP)?;
    }
    for _ in 0..plan.rounds {
        for connections in &plan.connections {
            for item in items {
                let measured = load::run(item.address, &*item.make, *connections, plan.time)
                    .with_context(|| format!("{:?} of {:?}", item.operation, item.target))?;
                let key = (item.operation, item.target, *connections);
                rounds.entry(key).or_default().push(measured);
                bar.inc(1);
            }
        }
    }
    bar.finish();
    Ok(rounds)
}

/// Its reads and creations do not depend on how many there are, and it takes few in a second.
const OPENBAO_SECRETS: u64 = 1000;
/// Credentials on a page.
const PAGE: u64 = 25;
/// Up to so many credentials a tenth of them is given to another organization, by a request each.
const SET_APART: u64 = 100_000;
const STARTS: usize = 11;
const WARM_UP: Duration = Duration::from_millis(300);
