//! A running server.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::http::{Answer, Request};

/// A server that answers. It is killed when the value is dropped.
pub(crate) struct Server {
    child: Child,
    url: String,
    said: Vec<String>,
    rest: Receiver<String>,
}

impl Server {
    /// Starts it and waits until it listens.
    pub(crate) fn start(command: Command, log_file: &Path) -> Self {
        Self::try_start(command, log_file).unwrap_or_else(|| {
            let log = std::fs::read_to_string(log_file).unwrap_or_default();
            panic!("the server does not listen; it logged:\n{log}")
        })
    }

    /// The same, unless it ends before it listens.
    pub(crate) fn try_start(mut command: Command, log_file: &Path) -> Option<Self> {
        let log = OpenOptions::new().create(true).append(true).open(log_file).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, rest) = channel();
        thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut server = Self { child, url: String::new(), said: Vec::new(), rest };
        server.waits_until_it_listens().then_some(server)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.url.split("://").nth(1).unwrap().parse().unwrap()
    }

    /// The same with its scheme.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The lines it printed before it listened.
    pub(crate) fn said(&self) -> &[String] {
        &self.said
    }

    /// The answer to a request over a connection of its own.
    pub(crate) fn ask(&self, request: &Request) -> Answer {
        let stream = std::net::TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        request.send(stream).unwrap()
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Kills it without a word, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Waits until it ends.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    fn waits_until_it_listens(&mut self) -> bool {
        while let Ok(line) = self.rest.recv_timeout(PATIENCE) {
            if let Some(url) = line.strip_prefix("listening on ") {
                url.clone_into(&mut self.url);
                return true;
            }
            self.said.push(line);
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, as some tests want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const PATIENCE: Duration = Duration::from_mins(1);
