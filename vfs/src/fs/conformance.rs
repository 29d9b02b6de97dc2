//! What every writable file system must do, run over each of them through the tree of names.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use abi::fcntl::{F_SEAL_GROW, F_SEAL_WRITE, FallocateMode, OpenFlags, RenameFlags, Whence};
use abi::stat::FileType;
use abi::time::Timespec;
use abi::{Errno, Result};
use proptest::prelude::*;

use super::ramfs::{RamFs, RamInode};
use crate::path::LastLink;
use crate::{Changes, Clock, Creation, FileSystem, Location, Metadata, Namespace, OpenFile};

/// A clock that stands still.
#[derive(Debug)]
pub(crate) struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timespec {
        Timespec { tv_sec: 1_000_000, tv_nsec: 5 }
    }
}

/// The file systems under test.
fn all() -> Vec<Arc<dyn FileSystem>> {
    vec![RamFs::new(1, Arc::new(Noon), 1000)]
}

/// A tree with shorthands.
pub(crate) struct Tree {
    pub(crate) names: Namespace,
    pub(crate) here: Location,
}

impl Tree {
    pub(crate) fn new(file_system: Arc<dyn FileSystem>) -> Self {
        let names = Namespace::new(file_system);
        let here = names.root().clone();
        Self { names, here }
    }

    pub(crate) fn open(&self, path: &str, flags: OpenFlags) -> Result<Arc<OpenFile>> {
        let creation = Creation::new(FileType::Regular, 0o644);
        self.names.open(&self.here, path.as_bytes(), flags, &creation)
    }

    pub(crate) fn create(&self, path: &str) -> Arc<OpenFile> {
        self.open(path, OpenFlags::RDWR | OpenFlags::CREAT | OpenFlags::EXCL).unwrap()
    }

    pub(crate) fn mkdir(&self, path: &str) -> Result<()> {
        let creation = Creation::new(FileType::Directory, 0o755);
        self.names.make(&self.here, path.as_bytes(), &creation).map(drop)
    }

    pub(crate) fn symlink(&self, text: &str, path: &str) -> Result<()> {
        let creation = Creation::new(FileType::Symlink, 0o777);
        self.names.symlink(text.as_bytes(), &self.here, path.as_bytes(), &creation)
    }

    fn link(&self, file: &str, path: &str) -> Result<()> {
        let file = self.names.find(&self.here, file.as_bytes(), LastLink::Keep)?;
        self.names.link(&file.location, &self.here, path.as_bytes())
    }

    fn unlink(&self, path: &str) -> Result<()> {
        self.names.unlink(&self.here, path.as_bytes())
    }

    fn rmdir(&self, path: &str) -> Result<()> {
        self.names.remove_directory(&self.here, path.as_bytes())
    }

    fn rename(&self, from: &str, to: &str, flags: RenameFlags) -> Result<()> {
        let parent = |path: &str| self.names.parent(&self.here, path.as_bytes());
        self.names.rename(parent(from)?, parent(to)?, flags)
    }

    pub(crate) fn stat(&self, path: &str) -> Result<Metadata> {
        let found = self.names.find(&self.here, path.as_bytes(), LastLink::Follow)?;
        Ok(found.location.inode.metadata())
    }

    pub(crate) fn list(&self, path: &str) -> Vec<Vec<u8>> {
        let file = self.open(path, OpenFlags::DIRECTORY).unwrap();
        let mut names = Vec::new();
        file.claim()
            .unwrap()
            .read_directory(&mut |entry| {
                names.push(entry.name.to_vec());
                true
            })
            .unwrap();
        names
    }
}

pub(crate) fn read_all(file: &OpenFile) -> Vec<u8> {
    let mut bytes = vec![0; 100_000];
    let count = file.read_at(0, &mut bytes.as_mut_slice()).unwrap();
    bytes.truncate(count);
    bytes
}

const NONE: RenameFlags = RenameFlags::empty();

fn on_all(check: impl Fn(&Tree)) {
    all().into_iter().map(Tree::new).for_each(|tree| check(&tree));
}

#[test]
fn written_bytes_are_read_back_and_holes_are_zeros() {
    on_all(|tree| {
        let file = tree.create("/f");
        assert_eq!(file.write(&mut b"hello".as_slice()), Ok(5));
        assert_eq!(file.write_at(9000, &mut b"far".as_slice()), Ok(3));
        let bytes = read_all(&file);
        assert_eq!(bytes.len(), 9003);
        assert_eq!((&bytes[..5], &bytes[9000..]), (b"hello".as_slice(), b"far".as_slice()));
        assert!(bytes[5..9000].iter().all(|&b| b == 0));
        assert_eq!(tree.stat("/f").unwrap().blocks, 16);
        assert_eq!(file.seek(0, Whence::Current), Ok(5));
        assert_eq!(file.seek(4500, Whence::Data), Ok(8192));
        assert_eq!(file.seek(0, Whence::Hole), Ok(4096));
        assert_eq!(file.seek(8200, Whence::Hole), Ok(9003));
        assert_eq!(file.seek(9003, Whence::Hole), Err(Errno::ENXIO));
        assert_eq!(file.seek(-1, Whence::Set), Err(Errno::EINVAL));
        assert_eq!(file.seek(i64::MAX, Whence::End), Err(Errno::EINVAL));
    });
}

#[test]
fn append_goes_to_the_end_wherever_the_offset_is() {
    on_all(|tree| {
        tree.create("/f").write(&mut b"abc".as_slice()).unwrap();
        let file = tree.open("/f", OpenFlags::WRONLY | OpenFlags::APPEND).unwrap();
        file.write(&mut b"d".as_slice()).unwrap();
        file.write_at(0, &mut b"e".as_slice()).unwrap();
        assert_eq!(file.offset(), 4);
        assert_eq!(file.read(&mut [0; 1].as_mut_slice()), Err(Errno::EBADF));
        let file = tree.open("/f", OpenFlags::RDONLY).unwrap();
        assert_eq!(read_all(&file), b"abcde");
        assert_eq!(file.write(&mut b"x".as_slice()), Err(Errno::EBADF));
        assert_eq!(file.truncate(0), Err(Errno::EINVAL));
    });
}

#[test]
fn a_cut_file_grows_by_zeros() {
    on_all(|tree| {
        let file = tree.create("/f");
        file.write(&mut [7; 5000].as_slice()).unwrap();
        let page = file.file().unwrap().page(1).unwrap();
        file.truncate(10).unwrap();
        file.truncate(20).unwrap();
        assert_eq!(read_all(&file)[8..], [7, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(file.file().unwrap().page(1).err(), Some(Errno::EFAULT));
        page.with(|bytes| assert_eq!(bytes[..10], [0; 10]));
        file.file().unwrap().allocate(FallocateMode::empty(), 0, 10_000).unwrap();
        assert_eq!(tree.stat("/f").map(|m| (m.size, m.blocks)), Ok((10_000, 24)));
        let punch = FallocateMode::PUNCH_HOLE | FallocateMode::KEEP_SIZE;
        file.file().unwrap().allocate(punch, 1, 8191).unwrap();
        assert_eq!(read_all(&file)[..3], [7, 0, 0]);
        assert_eq!(tree.stat("/f").unwrap().blocks, 16);
        tree.open("/f", OpenFlags::WRONLY | OpenFlags::TRUNC).unwrap();
        assert_eq!(tree.stat("/f").unwrap().size, 0);
    });
}

#[test]
fn a_full_file_system_answers_enospc_and_recovers() {
    on_all(|tree| {
        let file = tree.create("/f");
        let block = vec![1; 1 << 20];
        while file.write(&mut block.as_slice()) == Ok(block.len()) {}
        assert_eq!(file.write(&mut block.as_slice()), Err(Errno::ENOSPC));
        file.truncate(0).unwrap();
        assert_eq!(file.write_at(0, &mut b"ok".as_slice()), Ok(2));
        tree.unlink("/f").unwrap();
        drop(file);
        let statistics = tree.here.mount.file_system().statistics();
        assert_eq!(statistics.f_bfree, statistics.f_blocks);
    });
}

#[test]
fn open_flags_choose_the_error() {
    on_all(|tree| {
        let create = OpenFlags::CREAT | OpenFlags::RDWR;
        tree.mkdir("/d").unwrap();
        tree.create("/f");
        tree.symlink("/nowhere", "/dangling").unwrap();
        let open = |path: &str, flags| tree.open(path, flags).err();
        assert_eq!(open("/f", create | OpenFlags::EXCL), Some(Errno::EEXIST));
        assert_eq!(open("/dangling", create | OpenFlags::EXCL), Some(Errno::EEXIST));
        assert_eq!(open("/d", OpenFlags::WRONLY), Some(Errno::EISDIR));
        assert_eq!(open("/d", OpenFlags::CREAT), Some(Errno::EISDIR));
        assert_eq!(open("/new/", create), Some(Errno::EISDIR));
        assert_eq!(open("/f", OpenFlags::DIRECTORY), Some(Errno::ENOTDIR));
        assert_eq!(open("/f/", OpenFlags::RDONLY), Some(Errno::ENOTDIR));
        assert_eq!(open("/f/x", OpenFlags::RDONLY), Some(Errno::ENOTDIR));
        assert_eq!(open("/dangling", OpenFlags::RDONLY), Some(Errno::ENOENT));
        assert_eq!(open("/dangling", OpenFlags::NOFOLLOW), Some(Errno::ELOOP));
        assert_eq!(open("/dangling", create), None);
        assert_eq!(tree.stat("/nowhere").unwrap().size, 0);
        let unnamed = tree.open("/d", OpenFlags::TMPFILE | OpenFlags::RDWR).unwrap();
        assert_eq!(unnamed.metadata().nlink, 0);
    });
}

#[test]
fn names_and_paths_have_greatest_lengths() {
    on_all(|tree| {
        let open = |path: &str| tree.open(path, OpenFlags::RDONLY).err();
        assert_eq!(open(""), Some(Errno::ENOENT));
        assert_eq!(open(&"n".repeat(255)), Some(Errno::ENOENT));
        assert_eq!(open(&"n".repeat(256)), Some(Errno::ENAMETOOLONG));
        assert_eq!(open(&"/.".repeat(2047)), None);
        assert_eq!(open(&"/.".repeat(2048)), Some(Errno::ENAMETOOLONG));
    });
}

#[test]
fn links_and_names_are_counted() {
    on_all(|tree| {
        let file = tree.create("/f");
        tree.mkdir("/d").unwrap();
        tree.mkdir("/d/e").unwrap();
        tree.link("/f", "/d/g").unwrap();
        assert_eq!(tree.link("/d", "/dd"), Err(Errno::EPERM));
        assert_eq!(tree.link("/f", "/d/g"), Err(Errno::EEXIST));
        assert_eq!(file.metadata().nlink, 2);
        assert_eq!(tree.stat("/d").unwrap().nlink, 3);
        assert_eq!(tree.stat("/").unwrap().nlink, 3);
        tree.unlink("/f").unwrap();
        tree.unlink("/d/g").unwrap();
        assert_eq!(file.metadata().nlink, 0);
        file.write(&mut b"alive".as_slice()).unwrap();
        assert_eq!(read_all(&file), b"alive");
        assert_eq!(file.path(), b"/f (deleted)");
        tree.rmdir("/d/e").unwrap();
        assert_eq!(tree.stat("/d").unwrap().nlink, 2);
    });
}

#[test]
fn removing_fails_as_on_linux() {
    on_all(|tree| {
        tree.mkdir("/d").unwrap();
        tree.create("/d/f");
        assert_eq!(tree.rmdir("/d"), Err(Errno::ENOTEMPTY));
        assert_eq!(tree.rmdir("/d/f"), Err(Errno::ENOTDIR));
        assert_eq!(tree.rmdir("/d/."), Err(Errno::EINVAL));
        assert_eq!(tree.rmdir("/d/.."), Err(Errno::ENOTEMPTY));
        assert_eq!(tree.rmdir("/"), Err(Errno::EBUSY));
        assert_eq!(tree.unlink("/d"), Err(Errno::EISDIR));
        assert_eq!(tree.unlink("/d/f/"), Err(Errno::ENOTDIR));
        assert_eq!(tree.unlink("/x"), Err(Errno::ENOENT));
        assert_eq!(tree.mkdir("/d/"), Err(Errno::EEXIST));
        tree.mkdir("/e/").unwrap();
        let gone = tree.names.find(&tree.here, b"/e", LastLink::Follow).unwrap().location;
        tree.rmdir("/e").unwrap();
        assert_eq!(gone.directory_path(), Err(Errno::ENOENT));
        let creation = Creation::new(FileType::Directory, 0o755);
        assert_eq!(tree.names.make(&gone, b"x", &creation).err(), Some(Errno::ENOENT));
    });
}

#[test]
fn renaming_replaces_moves_and_exchanges() {
    on_all(|tree| {
        tree.create("/a").write(&mut b"a".as_slice()).unwrap();
        tree.create("/b");
        tree.mkdir("/d").unwrap();
        tree.mkdir("/d/e").unwrap();
        assert_eq!(tree.rename("/a", "/b", RenameFlags::NOREPLACE), Err(Errno::EEXIST));
        assert_eq!(tree.rename("/a", "/d", NONE), Err(Errno::EISDIR));
        assert_eq!(tree.rename("/d", "/a", NONE), Err(Errno::ENOTDIR));
        assert_eq!(tree.rename("/d", "/d/e/f", NONE), Err(Errno::EINVAL));
        assert_eq!(tree.rename("/d/e", "/d", NONE), Err(Errno::ENOTEMPTY));
        assert_eq!(tree.rename("/x", "/y", NONE), Err(Errno::ENOENT));
        assert_eq!(tree.rename("/d/.", "/y", NONE), Err(Errno::EBUSY));
        assert_eq!(tree.rename("/a/", "/y", NONE), Err(Errno::ENOTDIR));
        tree.rename("/a", "/b", NONE).unwrap();
        assert_eq!(read_all(&tree.open("/b", OpenFlags::RDONLY).unwrap()), b"a");
        assert_eq!(tree.stat("/a").err(), Some(Errno::ENOENT));
        tree.rename("/d/e", "/e", NONE).unwrap();
        assert_eq!((tree.stat("/d").unwrap().nlink, tree.stat("/").unwrap().nlink), (2, 4));
        tree.rename("/b", "/d/b", NONE).unwrap();
        tree.rename("/e", "/d/b", RenameFlags::EXCHANGE).unwrap();
        assert_eq!(tree.stat("/e").unwrap().kind, FileType::Regular);
        let moved = tree.names.find(&tree.here, b"/d/b", LastLink::Follow).unwrap();
        assert_eq!(moved.path(), b"/d/b");
        assert_eq!((tree.stat("/d").unwrap().nlink, tree.stat("/").unwrap().nlink), (3, 3));
    });
}

#[test]
fn symbolic_links_are_followed_and_counted() {
    on_all(|tree| {
        tree.mkdir("/d").unwrap();
        tree.create("/d/f").write(&mut b"x".as_slice()).unwrap();
        tree.symlink("d", "/link").unwrap();
        tree.symlink("../d/./f", "/d/up").unwrap();
        tree.symlink("loop", "/loop").unwrap();
        assert_eq!(tree.stat("/link/up").unwrap().size, 1);
        assert_eq!(tree.stat("/link/../d//f").unwrap().size, 1);
        assert_eq!(tree.stat("/../../d").unwrap().kind, FileType::Directory);
        assert_eq!(tree.stat("/loop").err(), Some(Errno::ELOOP));
        let kept = tree.names.find(&tree.here, b"/link", LastLink::Keep).unwrap();
        assert_eq!(kept.location.inode.read_link().unwrap(), b"d");
        let through = tree.names.find(&tree.here, b"/link/", LastLink::Keep).unwrap();
        assert_eq!(through.path(), b"/d");
        tree.symlink("/d/f", "/0").unwrap();
        for n in 1..42 {
            tree.symlink(&format!("{}", n - 1), &format!("/{n}")).unwrap();
        }
        assert_eq!(tree.stat("/39").unwrap().size, 1);
        assert_eq!(tree.stat("/40").err(), Some(Errno::ELOOP));
    });
}

#[test]
fn a_directory_is_read_completely_while_it_changes() {
    on_all(|tree| {
        for n in 0..100 {
            tree.create(&format!("/{n}"));
        }
        let directory = tree.open("/", OpenFlags::DIRECTORY).unwrap();
        let mut names = Vec::new();
        loop {
            let mut last = None;
            let before = names.len();
            directory
                .claim()
                .unwrap()
                .read_directory(&mut |entry| {
                    if names.len() - before == 7 {
                        return false;
                    }
                    names.push(entry.name.to_vec());
                    last = Some(entry.name.to_vec());
                    true
                })
                .unwrap();
            let Some(last) = last else { break };
            if last != b"." && last != b".." {
                tree.names.unlink(&tree.here, &last).unwrap();
            }
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 102);
        directory.seek(0, Whence::Set).unwrap();
        for whence in [Whence::End, Whence::Data, Whence::Hole] {
            assert_eq!(directory.seek(0, whence), Err(Errno::EINVAL));
        }
        assert_eq!(tree.list("/").len(), 102 - 15);
    });
}

#[test]
fn a_fifo_joins_those_who_open_it() {
    on_all(|tree| {
        let creation = Creation::new(FileType::Fifo, 0o600);
        tree.names.make(&tree.here, b"fifo", &creation).unwrap();
        let nonblocking = OpenFlags::WRONLY | OpenFlags::NONBLOCK;
        assert_eq!(tree.open("/fifo", nonblocking).err(), Some(Errno::ENXIO));
        let reader = tree.open("/fifo", OpenFlags::RDONLY).unwrap();
        let writer = tree.open("/fifo", nonblocking).unwrap();
        assert_eq!(writer.write(&mut b"x".as_slice()), Ok(1));
        assert_eq!(reader.read(&mut [0; 4].as_mut_slice()), Ok(1));
        assert_eq!(reader.seek(0, Whence::Set), Err(Errno::ESPIPE));
    });
}

#[test]
fn seals_forbid_changes() {
    let memory = RamFs::new(1, Arc::new(Noon), 10);
    let file = memory.unnamed(0o600).open(OpenFlags::RDWR).unwrap();
    let inode = file.clone().into_any().downcast::<RamInode>().unwrap();
    assert_eq!(inode.add_seals(F_SEAL_GROW), Err(Errno::EPERM));
    inode.allow_seals(0);
    file.write(0, &mut b"abc".as_slice()).unwrap();
    inode.add_seals(F_SEAL_GROW).unwrap();
    assert_eq!(file.write(3, &mut b"d".as_slice()), Err(Errno::EPERM));
    assert_eq!(file.truncate(4), Err(Errno::EPERM));
    assert_eq!(file.write(0, &mut b"d".as_slice()), Ok(1));
    inode.add_seals(F_SEAL_WRITE).unwrap();
    assert_eq!(file.write(0, &mut b"d".as_slice()), Err(Errno::EPERM));
    assert_eq!(file.truncate(1), Ok(()));
}

#[test]
fn metadata_is_kept() {
    on_all(|tree| {
        let file = tree.create("/f");
        let (uid, gid) = (Some(1000), Some(1001));
        let changes = Changes { permissions: Some(0o6711), ..Changes::default() };
        file.change(&changes).unwrap();
        assert_eq!(file.metadata().mode(), 0o106_711);
        let time = Some(Timespec { tv_sec: -5, tv_nsec: 3 });
        file.change(&Changes { uid, gid, mtime: time, ..Changes::default() }).unwrap();
        let metadata = tree.stat("/f").unwrap();
        assert_eq!((metadata.uid, metadata.gid, metadata.permissions), (1000, 1001, 0o711));
        assert_eq!((Some(metadata.mtime), metadata.ctime), (time, Noon.now()));
        tree.mkdir("/d").unwrap();
        let directory = tree.open("/d", OpenFlags::DIRECTORY).unwrap();
        directory
            .change(&Changes { gid, permissions: Some(0o2755), ..Changes::default() })
            .unwrap();
        tree.mkdir("/d/e").unwrap();
        let inherited = tree.stat("/d/e").unwrap();
        assert_eq!((inherited.gid, inherited.permissions), (1001, 0o2755));
    });
}

#[test]
fn mounts_cover_directories_and_cannot_be_removed() {
    on_all(|tree| {
        tree.mkdir("/m").unwrap();
        tree.mkdir("/m/hidden").unwrap();
        let point = tree.names.find(&tree.here, b"/m", LastLink::Follow).unwrap().location;
        point.mount(RamFs::new(2, Arc::new(Noon), 100)).unwrap();
        assert_eq!(tree.stat("/m/hidden").err(), Some(Errno::ENOENT));
        tree.mkdir("/m/seen").unwrap();
        assert_eq!(tree.stat("/m/seen").unwrap().dev, 2);
        let seen = tree.names.find(&tree.here, b"/m/seen", LastLink::Follow).unwrap().location;
        assert_eq!(seen.directory_path().unwrap(), b"/m/seen");
        let up = tree.names.find(&seen, b"../..", LastLink::Follow).unwrap().location;
        assert!(up.is_same(tree.names.root()));
        tree.create("/f");
        assert_eq!(tree.rmdir("/m"), Err(Errno::EBUSY));
        assert_eq!(tree.rename("/m", "/n", NONE), Err(Errno::EBUSY));
        assert_eq!(tree.rename("/f", "/m/f", NONE), Err(Errno::EXDEV));
        assert_eq!(tree.link("/f", "/m/f"), Err(Errno::EXDEV));
    });
}

#[derive(Clone, Debug)]
enum Step {
    Write(u64, usize),
    Truncate(u64),
    Punch(u64, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..30_000_u64, 0..9000_usize).prop_map(|(at, len)| Step::Write(at, len)),
        (0..30_000_u64).prop_map(Step::Truncate),
        (0..30_000_u64, 1..9000_u64).prop_map(|(at, len)| Step::Punch(at, len)),
    ];
    prop::collection::vec(step, 1..30)
}

proptest! {
    #[test]
    fn contents_agree_with_a_plain_vector(steps in steps(), lent in 0..20_000_usize, crooked in 0..2_usize) {
        let tree = Tree::new(RamFs::new(1, Arc::new(Noon), 1000));
        let mut model = vec![9_u8; lent];
        let memory = vec![9_u8; lent + crooked].leak();
        let creation = Creation::new(FileType::Regular, 0o644);
        let inode = tree.here.inode.create(b"f", &creation).unwrap();
        RamFs::lend(&inode, &mut memory[crooked..]).unwrap();
        let file = tree.open("/f", OpenFlags::RDWR).unwrap();
        for (number, step) in steps.into_iter().enumerate() {
            let fill = u8::try_from(number).unwrap();
            match step {
                Step::Write(at, len) => {
                    let from = usize::try_from(at).unwrap();
                    prop_assert_eq!(file.write_at(at, &mut vec![fill; len].as_slice()), Ok(len));
                    if len != 0 {
                        model.resize(model.len().max(from + len), 0);
                        model[from..from + len].fill(fill);
                    }
                }
                Step::Truncate(size) => {
                    file.truncate(size).unwrap();
                    model.resize(usize::try_from(size).unwrap(), 0);
                }
                Step::Punch(at, len) => {
                    let punch = FallocateMode::PUNCH_HOLE | FallocateMode::KEEP_SIZE;
                    file.file().unwrap().allocate(punch, at, len).unwrap();
                    let end = usize::try_from(at + len).unwrap().min(model.len());
                    let start = usize::try_from(at).unwrap().min(end);
                    model[start..end].fill(0);
                }
            }
            prop_assert!(read_all(&file) == model);
        }
    }
}
