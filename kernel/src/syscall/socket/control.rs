//! Control data of `sendmsg(2)` and `recvmsg(2)`, `cmsg(3)`: open files, credentials, addresses.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::net::IpAddr;
use core::time::Duration;

use abi::socket::{
    Cmsghdr, IP_PKTINFO, IP_TOS, IP_TTL, IPV6_HOPLIMIT, IPV6_PKTINFO, IPV6_TCLASS, SCM_CREDENTIALS,
    SCM_RIGHTS, SO_TIMESTAMP_OLD, SO_TIMESTAMPNS_OLD, SOL_IP, SOL_IPV6, SOL_SOCKET,
};
use abi::{Errno, Result};
use net::control::{ALIGNMENT, Item, Items};
use net::inet::Told;
use net::options::{Stamp, Stamping};
use net::unix::{Ancillary, Credentials, MAX_RIGHTS, Rights};
use vfs::{OnExec, OpenFile};
use zerocopy::IntoBytes;

use crate::arch::clock;
use crate::file;
use crate::file::socket::own_credentials;
use crate::memory::{self, user};
use crate::process::{PID, Process};
use crate::time;

/// Bytes of an item's header.
const HEADER: usize = size_of::<Cmsghdr>();
/// As much control data is `ENOBUFS` (`net.core.optmem_max`).
const LONGEST: u64 = 131_072;

/// Copies the control data of a message to be sent in.
///
/// # Errors
/// `ENOBUFS` if there is too much, `EFAULT`.
pub(super) fn copy(address: u64, length: u64) -> Result<Vec<u8>> {
    if length >= LONGEST {
        return Err(Errno::ENOBUFS);
    }
    let length = usize::try_from(length).map_err(|_| Errno::ENOBUFS)?;
    let mut bytes = memory::buffer(length).map_err(|_| Errno::ENOBUFS)?;
    user::read_bytes(address, &mut bytes)?;
    Ok(bytes)
}

/// Reads the control data of a message between Unix sockets, and looks its descriptors up.
///
/// # Errors
/// `EINVAL` if it makes no sense, `EBADF`, `EPERM`, `ESRCH`.
pub(super) fn read(control: &[u8]) -> Result<Ancillary> {
    let mut ancillary =
        Ancillary { sent: clock::now(), credentials: own_credentials(), ..Ancillary::default() };
    for item in Items::of(control) {
        let Item { level, kind, data } = item?;
        match (level, kind) {
            (SOL_SOCKET, SCM_RIGHTS) => add_files(&mut ancillary.rights, data)?,
            (SOL_SOCKET, SCM_CREDENTIALS) => {
                ancillary.credentials = claimed(data)?;
                ancillary.is_claimed = true;
            }
            (SOL_SOCKET, _) => return Err(Errno::EINVAL),
            _ => {}
        }
    }
    Ok(ancillary)
}

fn add_files(rights: &mut Rights, data: &[u8]) -> Result<()> {
    let descriptors = data.as_chunks().0;
    if rights.0.len() + descriptors.len() > MAX_RIGHTS {
        return Err(Errno::EINVAL);
    }
    rights.0.try_reserve(descriptors.len()).map_err(|_| Errno::ENOMEM)?;
    for descriptor in descriptors {
        let file: Arc<OpenFile> = file::current().get_any(u32::from_ne_bytes(*descriptor))?;
        rights.0.push(file);
    }
    Ok(())
}

/// Returns who the sender says to be, if it may say so.
fn claimed(ucred: &[u8]) -> Result<Credentials> {
    let [[p0, p1, p2, p3], uid, gid] = *ucred.as_chunks::<4>().0 else { return Err(Errno::EINVAL) };
    let pid = i32::from_ne_bytes([p0, p1, p2, p3]);
    let (uid, gid) = (u32::from_ne_bytes(uid), u32::from_ne_bytes(gid));
    let is_self = pid == PID.cast_signed();
    let own = Process::current().credentials.lock();
    let has = |ids: [u32; 3], id| ids.contains(&id);
    let is_own = is_self
        && has([own.user.real, own.user.effective, own.user.saved], uid)
        && has([own.group.real, own.group.effective, own.group.saved], gid);
    if !is_own && !own.is_privileged() {
        return Err(Errno::EPERM);
    }
    if is_self { Ok(Credentials { pid, uid, gid }) } else { Err(Errno::ESRCH) }
}

/// The program's room for the control data of a received message.
#[derive(Debug)]
pub(super) struct Writer {
    address: u64,
    room: usize,
    /// Bytes written so far.
    pub(super) written: usize,
    /// Something did not fit, `MSG_CTRUNC`.
    pub(super) is_cut: bool,
}

impl Writer {
    /// Returns a writer to `room` bytes at `address`.
    pub(super) fn new(address: u64, room: u64) -> Self {
        let room = if address == 0 { 0 } else { usize::try_from(room).unwrap_or(usize::MAX) };
        Self { address, room, written: 0, is_cut: false }
    }

    /// Returns how many bytes of data the next item can have.
    fn data_room(&self) -> Option<usize> {
        self.room.saturating_sub(self.written).checked_sub(HEADER)
    }

    /// Writes an item, cut to the room there is.
    ///
    /// # Errors
    /// `EFAULT`.
    fn put(&mut self, level: i32, kind: i32, data: &[u8]) -> Result<()> {
        let Some(room) = self.data_room() else {
            self.is_cut = true;
            return Ok(());
        };
        self.is_cut |= data.len() > room;
        let data = &data[..data.len().min(room)];
        let length = HEADER + data.len();
        let header = Cmsghdr { cmsg_len: length as u64, cmsg_level: level, cmsg_type: kind };
        let item = [header.as_bytes(), data].concat();
        user::write_bytes(self.address.wrapping_add(self.written as u64), &item)?;
        self.written = (self.written + length.next_multiple_of(ALIGNMENT)).min(self.room);
        Ok(())
    }

    /// Writes when something arrived, in the time of day.
    ///
    /// # Errors
    /// `EFAULT`.
    pub(super) fn put_stamp(&mut self, stamp: Option<Stamp>) -> Result<()> {
        let Some(Stamp { arrived, form }) = stamp else { return Ok(()) };
        let time = Duration::from_nanos(time::start_nanos() + arrived.as_nanos());
        let (kind, part) = match form {
            Stamping::Nanos => (SO_TIMESTAMPNS_OLD, time.subsec_nanos()),
            _ => (SO_TIMESTAMP_OLD, time.subsec_micros()),
        };
        self.put(SOL_SOCKET, kind, [time.as_secs(), part.into()].as_bytes())
    }

    /// Writes a sender's ids.
    ///
    /// # Errors
    /// `EFAULT`.
    pub(super) fn put_credentials(&mut self, of: Credentials) -> Result<()> {
        let words = [of.pid.cast_unsigned(), of.uid, of.gid];
        self.put(SOL_SOCKET, SCM_CREDENTIALS, words.as_bytes())
    }

    /// Opens descriptors for received files, as many as there is room for, and writes them.
    ///
    /// # Errors
    /// `EFAULT`.
    pub(super) fn put_files(&mut self, rights: Rights, on_exec: OnExec) -> Result<()> {
        let fitting = self.data_room().unwrap_or(0) / size_of::<u32>();
        let mut descriptors = Vec::new();
        self.is_cut |= rights.0.len() > fitting;
        for any in rights.0.into_iter().take(fitting) {
            let any: Arc<dyn Any + Send + Sync> = any;
            let Ok(file) = any.downcast::<OpenFile>() else { continue };
            match file::current().install(file, on_exec) {
                Ok(descriptor) => descriptors.push(descriptor),
                Err(_) => {
                    self.is_cut = true;
                    break;
                }
            }
        }
        if descriptors.is_empty() {
            return Ok(());
        }
        self.put(SOL_SOCKET, SCM_RIGHTS, descriptors.as_bytes())
    }

    /// Writes what a program asked to be told of a datagram; `is_v6` is the socket's family.
    ///
    /// # Errors
    /// `EFAULT`.
    pub(super) fn put_told(&mut self, told: &Told, is_v6: bool) -> Result<()> {
        if let Some((to, card)) = told.info {
            self.put_packet_info(to, card, is_v6)?;
        }
        if let Some(ttl) = told.ttl {
            let (level, kind) = if is_v6 { (SOL_IPV6, IPV6_HOPLIMIT) } else { (SOL_IP, IP_TTL) };
            self.put(level, kind, &i32::from(ttl).to_ne_bytes())?;
        }
        match told.tos {
            Some(tos) if is_v6 => self.put(SOL_IPV6, IPV6_TCLASS, &i32::from(tos).to_ne_bytes()),
            Some(tos) => self.put(SOL_IP, IP_TOS, &[tos]),
            None => Ok(()),
        }
    }

    /// Writes where a datagram was sent to: the address, and the number of the card from 1 on, 0
    /// for loopback. The family is that of the socket.
    ///
    /// # Errors
    /// `EFAULT`.
    fn put_packet_info(&mut self, to: IpAddr, card: usize, is_v6: bool) -> Result<()> {
        let interface = u32::try_from(card + 1).unwrap_or(0);
        match (to, is_v6) {
            (IpAddr::V4(to), false) => {
                let data = [interface.to_ne_bytes(), to.octets(), to.octets()];
                self.put(SOL_IP, IP_PKTINFO, data.as_flattened())
            }
            (to, _) => {
                let to = match to {
                    IpAddr::V4(to) => to.to_ipv6_mapped(),
                    IpAddr::V6(to) => to,
                };
                let data = [&to.octets()[..], &interface.to_ne_bytes()].concat();
                self.put(SOL_IPV6, IPV6_PKTINFO, &data)
            }
        }
    }
}
