//! The home of files that no path leads to, for the links of `/proc/self/fd`.

use alloc::sync::Arc;

use abi::fcntl::OpenFlags;
use abi::statfs::{ANON_INODE_FS_MAGIC, Statfs};
use abi::{Errno, Result};

use crate::{
    BLOCK_SIZE, Changes, File, FileSystem, Found, Inode, Location, Metadata, Mount, Place,
};

/// Returns `file`, a pipe or the like, as something that a link can lead to.
pub fn found(file: Arc<dyn File>) -> Found {
    let label = file.label().into();
    let inode = Arc::new(AnonymousInode(file));
    let mount = Mount::detached(Arc::new(AnonymousFs(inode.clone())));
    Found { location: Location { mount, inode }, place: Place::Label(label) }
}

#[derive(Debug)]
struct AnonymousFs(Arc<AnonymousInode>);

impl FileSystem for AnonymousFs {
    fn root(&self) -> Arc<dyn Inode> {
        self.0.clone()
    }

    fn statistics(&self) -> Statfs {
        let f_bsize = i64::from(BLOCK_SIZE);
        Statfs {
            f_type: ANON_INODE_FS_MAGIC,
            f_bsize,
            f_frsize: f_bsize,
            f_namelen: 255,
            ..Statfs::default()
        }
    }

    fn kind_name(&self) -> &'static str {
        "anon_inodefs"
    }
}

#[derive(Debug)]
struct AnonymousInode(Arc<dyn File>);

impl Inode for AnonymousInode {
    fn metadata(&self) -> Metadata {
        self.0.metadata()
    }

    fn change(&self, changes: &Changes) -> Result<()> {
        self.0.change_metadata(changes)
    }

    /// Opens the same object again; sockets cannot be opened, as on Linux.
    fn open(self: Arc<Self>, _flags: OpenFlags) -> Result<Arc<dyn File>> {
        match self.0.metadata().kind {
            abi::stat::FileType::Socket => Err(Errno::ENXIO),
            _ => Ok(self.0.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anon::Pipe;
    use crate::namespace::open_found;

    #[test]
    fn a_pipe_is_opened_again_through_its_link() {
        let (reader, writer) = Pipe::pair();
        let found = found(writer);
        assert!(found.path().starts_with(b"pipe:["));
        let file = open_found(found, OpenFlags::WRONLY).unwrap();
        assert_eq!(file.write(&mut b"x".as_slice()), Ok(1));
        assert_eq!(reader.readable_bytes(), Ok(1));
    }
}
