//! The queue of QEMU's user networking for connections that come in.
//!
//! It listens on published ports with a queue of one (`listen(2)`), so of clients that connect at
//! once most are told to wait a second or three. `listen` may be called again, and by any process
//! that has the socket: the tool takes a copy of each from QEMU, its child, with `pidfd_getfd(2)`.

use std::fs;

use nix::unistd::Pid;
use rustix::io::Errno;
use rustix::net::{self, sockopt};
use rustix::process::{self, PidfdFlags, PidfdGetfdFlags};

/// Connections that may wait; the host's `net.core.somaxconn` limits it further.
const BACKLOG: i32 = 4096;

/// Lets more connections wait at each socket on which the process `pid` listens.
///
/// # Errors
/// Fails where the host does not let this process have another's descriptors; nothing is lost
/// then but the longer queue.
pub(super) fn enlarge(pid: Pid) -> Result<(), Errno> {
    let raw = process::Pid::from_raw(pid.as_raw()).ok_or(Errno::SRCH)?;
    let process = process::pidfd_open(raw, PidfdFlags::empty())?;
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).map_err(|_| Errno::SRCH)?;
    for entry in entries.flatten() {
        let is_socket = entry
            .path()
            .read_link()
            .is_ok_and(|target| target.to_string_lossy().starts_with("socket:"));
        let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(number) = number.filter(|_| is_socket) else { continue };
        let socket = match process::pidfd_getfd(&process, number, PidfdGetfdFlags::empty()) {
            // It has been closed since.
            Err(Errno::BADF) => continue,
            result => result?,
        };
        if sockopt::socket_acceptconn(&socket)? {
            net::listen(&socket, BACKLOG)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;
    use std::net::{TcpListener, TcpStream};

    use nix::sys::socket::{self, Backlog};

    use super::*;

    #[test]
    fn a_socket_that_listens_takes_more_connections() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket::listen(&listener, Backlog::new(1).unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        enlarge(Pid::this()).unwrap();
        // With a queue of one, the third would not be there until it is sent again.
        let clients: Vec<_> = (0..20).map(|_| TcpStream::connect(address).unwrap()).collect();
        listener.set_nonblocking(true).unwrap();
        for _ in &clients {
            listener.accept().unwrap();
        }
    }
}
