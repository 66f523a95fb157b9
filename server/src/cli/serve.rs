//! `darkroom serve`: the page, until Ctrl-C.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::interrupt::{asked_to_end, end_when_asked_again, say};
use super::place::{DataDir, Machine};
use crate::studio::{Darkroom, StudioHandle};
use crate::web::{self, AllowedHosts, Password, Web};
use crate::{Error, Result};

/// How long a closing server waits for its last answers.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub struct ServeArgs {
    #[arg(long, default_value_t = 7860)]
    port: u16,
    /// Share on the network at this address, as in 0.0.0.0; asks everyone for a password
    #[arg(long, value_name = "ADDR", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), hide_default_value = true)]
    listen: IpAddr,
    /// Ask for this password; shared without one, Darkroom makes one up
    #[arg(long, env = "DARKROOM_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// Another name under which this server may be called; may be given often
    #[arg(long = "allowed-host", value_name = "NAME")]
    allowed_hosts: Vec<String>,
    /// Largest upload
    #[arg(long, value_name = "MIB", default_value_t = web::MAX_UPLOAD >> 20)]
    max_upload: u64,
    #[command(flatten)]
    place: DataDir,
    #[command(flatten)]
    machine: Machine,
}

impl ServeArgs {
    fn shares(&self) -> bool {
        !self.listen.is_loopback()
    }

    /// The password to ask for, and whether it was made up just now.
    fn password(&self) -> Result<Option<(String, bool)>> {
        match &self.password {
            Some(given) if given.trim().is_empty() => {
                Err(Error::field("password", "an empty one protects nothing; give another or none"))
            }
            Some(given) => Ok(Some((given.clone(), false))),
            None => Ok(self.shares().then(|| (Password::invent(), true))),
        }
    }

    fn hosts(&self) -> AllowedHosts {
        let mut hosts = if self.shares() { AllowedHosts::shared() } else { AllowedHosts::local() };
        if let Some(name) = host_name().filter(|_| self.shares()) {
            hosts.allow(&format!("{name}.local"));
            hosts.allow(&name);
        }
        self.allowed_hosts.iter().for_each(|name| hosts.allow(name));
        hosts
    }
}

pub fn run(args: &ServeArgs) -> Result<()> {
    let password = args.password()?;
    let listener = bind(SocketAddr::new(args.listen, args.port))?;
    let port = listener.local_addr().map_or(args.port, |address| address.port());
    let device = args.machine.open()?;
    let darkroom = Darkroom::open(&args.place.path(), device.label.clone())?;
    if args.shares() {
        let address = SocketAddr::new(address_for_others(args.listen), port);
        // Set once, here.
        let _ = darkroom.shared_at.set(format!("http://{address}"));
    }
    darkroom.serve_queue(device)?;
    let mut web = Web::local(StudioHandle(Arc::clone(&darkroom)));
    web.hosts = Arc::new(args.hosts());
    web.max_upload = args.max_upload << 20;
    web.password = password.as_ref().map(|(words, _)| Arc::new(Password::new(words)));
    greet(&darkroom, args.listen, port, password.as_ref());
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Error::Other(format!("the server cannot start: {error}")))?;
    let served = runtime.block_on(serve(listener, web, Arc::clone(&darkroom)));
    // A question to the database that is still under way does not hold the program up.
    runtime.shutdown_timeout(LAST_ANSWERS);
    served
}

fn bind(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Error::field(
            "port",
            format!("{} is in use by another program; choose another with --port", address.port()),
        ),
        ErrorKind::PermissionDenied => Error::field(
            "port",
            format!("{} needs special rights; choose one above 1023", address.port()),
        ),
        ErrorKind::AddrNotAvailable => {
            Error::field("listen", format!("{} is no address of this machine", address.ip()))
        }
        _ => Error::Other(format!("cannot listen on {address}: {error}")),
    })?;
    let ready = listener.set_nonblocking(true);
    ready.map_err(|error| Error::Other(format!("cannot listen on {address}: {error}")))?;
    Ok(listener)
}

fn greet(darkroom: &Darkroom, listen: IpAddr, port: u16, password: Option<&(String, bool)>) {
    let here = if listen.is_loopback() { listen } else { Ipv4Addr::LOCALHOST.into() };
    println!("Darkroom {} on {}", env!("CARGO_PKG_VERSION"), darkroom.device.label);
    if let Some(note) = &darkroom.device.note {
        println!("         {note}");
    }
    println!("Open     http://{}", SocketAddr::new(here, port));
    if let Some(address) = darkroom.shared_at.get() {
        println!("Others   {address}");
    }
    if let Some((words, true)) = password {
        println!("Password {words}");
    }
    println!("Data     {}", darkroom.folders.root().display());
}

async fn serve(listener: TcpListener, web: Web, darkroom: Arc<Darkroom>) -> Result<()> {
    let failed = |error: std::io::Error| Error::Other(format!("the server ended: {error}"));
    let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
    let closing = web.closing.clone();
    let service = web::app(web).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service)
        .with_graceful_shutdown(closing.clone().cancelled_owned())
        .into_future();
    let server = tokio::spawn(served);
    asked_to_end().await;
    say("closing; what runs is saved first (Ctrl-C again ends at once)");
    tokio::spawn(end_when_asked_again());
    closing.cancel();
    let closed = tokio::task::spawn_blocking(move || darkroom.close()).await;
    if closed.is_err() {
        tracing::error!("closing ended with a panic");
    }
    // Answers still under way, such as a long download, do not hold the program up for long.
    match tokio::time::timeout(LAST_ANSWERS, server).await {
        Ok(Ok(served)) => served.map_err(failed),
        _ => Ok(()),
    }
}

/// The address that other machines on the network reach this one at. No packet is sent for it.
fn address_for_others(listen: IpAddr) -> IpAddr {
    let outward = || -> std::io::Result<IpAddr> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        Ok(socket.local_addr()?.ip())
    };
    match listen.is_unspecified() {
        true => outward().unwrap_or(listen),
        false => listen,
    }
}

fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    name.or_else(|| std::env::var("HOSTNAME").ok()).map(|name| name.trim().to_ascii_lowercase())
}
