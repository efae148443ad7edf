//! The load: a number of connections on one thread, each asking again as soon as it was answered.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use fastrand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// Writes the bytes of the next request.
pub(crate) type MakeRequest<'a> = dyn Fn(&mut Rng) -> Vec<u8> + 'a;

/// What one measurement found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// Answers in a second.
    pub(crate) rate: f64,
    /// Half of the answers came within this time.
    pub(crate) median: Duration,
    /// All but one in a hundred did.
    pub(crate) p99: Duration,
}

/// Asks for that long. An answer that is not a success is an error.
pub(crate) fn run(
    address: SocketAddr,
    make: &MakeRequest<'_>,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Measured> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut times, elapsed) = LocalSet::new().block_on(&runtime, async {
        let begin = Instant::now();
        let asking = (0..connections).map(|_| ask(address, make, begin + time));
        let times = futures_util::future::try_join_all(asking).await?;
        anyhow::Ok((times.concat(), begin.elapsed()))
    })?;
    ensure!(!times.is_empty(), "{address} answered nothing in {time:?}");
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
    let answers = u32::try_from(times.len())?;
    Ok(Measured { rate: f64::from(answers) / elapsed.as_secs_f64(), median: at(50), p99: at(99) })
}

/// Sends each request once. An answer that is not a success is an error.
pub(crate) fn each(
    address: SocketAddr,
    requests: impl Iterator<Item = Vec<u8>>,
    connections: usize,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let requests = RefCell::new(requests);
    let take = async || {
        let mut connection = Connection::open(address).await?;
        loop {
            let next = requests.borrow_mut().next();
            let Some(request) = next else { return anyhow::Ok(()) };
            let answer = connection.call(&request).await?;
            if !(200..300).contains(&answer.status) {
                bail!("{address} answered {}", String::from_utf8_lossy(answer.bytes));
            }
        }
    };
    let taking = (0..connections).map(|_| take());
    LocalSet::new().block_on(&runtime, futures_util::future::try_join_all(taking))?;
    Ok(())
}

async fn ask(
    address: SocketAddr,
    make: &MakeRequest<'_>,
    until: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let mut connection = Connection::open(address).await?;
    let mut rng = Rng::new();
    let mut times = Vec::new();
    while Instant::now() < until {
        let request = make(&mut rng);
        let begin = Instant::now();
        let answer = connection.call(&request).await?;
        times.push(begin.elapsed());
        if !(200..300).contains(&answer.status) {
            bail!("{address} answered {}", String::from_utf8_lossy(answer.bytes));
        }
    }
    Ok(times)
}

/// A connection that is kept open.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer: all of its bytes, and where its body begins.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) bytes: &'a [u8],
    pub(crate) body: usize,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request and reads its whole answer.
    pub(crate) async fn call(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(0 < read, "the connection was closed amid an answer");
            if let Some(body) = self.end_of_head()
                && self.is_whole(body)?
            {
                let status = self.buffer.get(9..12).and_then(|code| str::from_utf8(code).ok());
                let status = status.and_then(|code| code.parse().ok());
                let status = status.context("an answer without a status")?;
                return Ok(Answer { status, bytes: &self.buffer, body });
            }
        }
    }

    fn end_of_head(&self) -> Option<usize> {
        self.buffer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
    }

    fn is_whole(&self, body: usize) -> anyhow::Result<bool> {
        let head = str::from_utf8(&self.buffer[..body])?;
        let header = |wanted: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(':'));
            lines.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        };
        if let Some((_, length)) = header("content-length") {
            return Ok(body + length.trim().parse::<usize>()? <= self.buffer.len());
        }
        let is_chunked = header("transfer-encoding").is_some();
        Ok(!is_chunked || self.buffer.ends_with(b"0\r\n\r\n"))
    }
}

/// The bytes of a request.
pub(crate) fn request(method: &str, target: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {target} HTTP/1.1\r\nhost: localhost\r\n{headers}content-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Asks once and waits.
pub(crate) fn once(address: SocketAddr, request: &[u8]) -> anyhow::Result<Recorded> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = Connection::open(address).await?;
        let answer = connection.call(request).await?;
        let text = String::from_utf8(answer.bytes.to_vec())?;
        let (head, body) = text.split_at(answer.body);
        Ok(Recorded { status: answer.status, head: head.to_owned(), body: body.to_owned() })
    })
}

/// An answer that is kept.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Recorded {
    /// The body of a success, as JSON.
    pub(crate) fn json(&self) -> anyhow::Result<serde_json::Value> {
        ensure!((200..300).contains(&self.status), "{}{}", self.head, self.body);
        Ok(serde_json::from_str(&self.body).unwrap_or_default())
    }
}
