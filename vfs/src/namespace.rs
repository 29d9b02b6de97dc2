//! The tree of names and the calls that work on paths.
//!
//! Each call takes the directory that a relative path starts at: the working directory, or the
//! one that a `*at` call names.

use alloc::format;
use alloc::sync::Arc;

use abi::fcntl::{OpenFlags, PATH_MAX, RenameFlags, Resolve};
use abi::inotify::WatchMask;
use abi::stat::FileType;
use abi::{Errno, Result};

use crate::inode::Future;
use crate::path::{self, LastLink, LastName, Target};
use crate::{Changes, Creation, FileSystem, Found, Location, Mount, OpenFile, Place, watch};

/// How a file is to be opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opening {
    /// The flags.
    pub flags: OpenFlags,
    /// How it begins if it is made; always as a regular file.
    pub creation: Creation,
    /// How far the path may lead.
    pub resolve: Resolve,
}

/// The tree of names that begins at one root.
#[derive(Debug)]
pub struct Namespace {
    root: Location,
}

impl Namespace {
    /// Returns the tree whose root is that of `file_system`.
    pub fn new(file_system: Arc<dyn FileSystem>) -> Self {
        Self { root: Location::root_of(&Mount::detached(file_system)) }
    }

    /// Returns the root directory.
    pub fn root(&self) -> &Location {
        &self.root
    }

    /// Returns what `path` leads to.
    ///
    /// # Errors
    /// As [`path::walk`]; `ENOENT`.
    pub fn find(&self, start: &Location, path: &[u8], last: LastLink) -> Result<Found> {
        path::walk(&self.root, start, path, last)?.found.ok_or(Errno::ENOENT)
    }

    /// Opens a file, `open(2)`; `creation` says how it begins if the call makes it.
    ///
    /// # Errors
    /// As `open(2)`.
    pub fn open(
        &self,
        start: &Location,
        path: &[u8],
        flags: OpenFlags,
        creation: &Creation,
    ) -> Result<Arc<OpenFile>> {
        self.open_by(start, path, &Opening { flags, creation: *creation, ..Opening::default() })
    }

    /// As [`open`](Self::open), with all that `openat2(2)` can say.
    ///
    /// # Errors
    /// As `openat2(2)`.
    pub fn open_by(
        &self,
        start: &Location,
        path: &[u8],
        opening: &Opening,
    ) -> Result<Arc<OpenFile>> {
        let flags = opening.flags;
        if flags.contains(OpenFlags::PATH) {
            let kept = OpenFlags::PATH | OpenFlags::DIRECTORY | OpenFlags::NOFOLLOW;
            return open_found(self.find_by(start, path, opening)?, flags & kept);
        }
        check_flags(flags)?;
        if flags.contains(OpenFlags::TMPFILE_BIT) {
            return self.open_unnamed(start, path, opening);
        }
        if !flags.contains(OpenFlags::CREAT) {
            return open_found(self.find_by(start, path, opening)?, flags);
        }
        loop {
            match self.open_or_create(start, path, opening) {
                // Somebody else made it between the look and the making.
                Err(Errno::EEXIST) if !flags.contains(OpenFlags::EXCL) => {}
                result => return result,
            }
        }
    }

    /// Returns what a path leads to that is opened.
    fn find_by(&self, start: &Location, path: &[u8], opening: &Opening) -> Result<Found> {
        let last = last_link(opening.flags);
        let target = path::walk_within(&self.root, start, path, last, opening.resolve)?;
        target.found.ok_or(Errno::ENOENT)
    }

    fn open_or_create(
        &self,
        start: &Location,
        path: &[u8],
        opening: &Opening,
    ) -> Result<Arc<OpenFile>> {
        let flags = opening.flags;
        let last = match flags.intersects(OpenFlags::EXCL | OpenFlags::NOFOLLOW) {
            true => LastLink::Name,
            false => LastLink::Follow,
        };
        if path.ends_with(b"/") {
            // No file is made under such a name, whatever there is.
            let parent =
                path::walk_within(&self.root, start, path, LastLink::Parent, opening.resolve)?;
            if parent.last == LastName::Normal {
                return Err(Errno::EISDIR);
            }
        }
        let target = path::walk_within(&self.root, start, path, last, opening.resolve)?;
        if target.last == LastName::Normal && target.has_slash {
            return Err(Errno::EISDIR);
        }
        if let Some(found) = target.found {
            if flags.contains(OpenFlags::EXCL) {
                return Err(Errno::EEXIST);
            }
            if found.location.is_directory() {
                return Err(Errno::EISDIR);
            }
            return open_found(found, flags);
        }
        let creation = Creation { kind: FileType::Regular, ..opening.creation };
        let inode = target.directory.inode.create(&target.name, &creation)?;
        target.tell_created(FileType::Regular);
        let file = inode.clone().open(flags)?;
        let location = Location { mount: target.directory.mount.clone(), inode };
        let found = Found { location, place: Place::Name(target.directory, target.name) };
        let file = OpenFile::named(file, found, flags);
        file.note_created();
        Ok(file)
    }

    fn open_unnamed(
        &self,
        start: &Location,
        path: &[u8],
        opening: &Opening,
    ) -> Result<Arc<OpenFile>> {
        let flags = opening.flags;
        let directory = self.find_by(start, path, opening)?.location;
        if !directory.is_directory() {
            return Err(Errno::ENOTDIR);
        }
        let creation = Creation { kind: FileType::Regular, ..opening.creation };
        let future = match flags.contains(OpenFlags::EXCL) {
            true => Future::StaysUnnamed,
            false => Future::MayBeNamed,
        };
        let inode = directory.inode.create_unnamed(&creation, future)?;
        let file = inode.clone().open(flags)?;
        let label = format!("/#{} (deleted)", inode.ino()).into_bytes();
        let location = Location { mount: directory.mount, inode };
        let found = Found { location, place: Place::Label(label.into()) };
        Ok(OpenFile::named(file, found, flags - OpenFlags::TMPFILE))
    }

    /// Makes a directory, device, pipe, socket or regular file: `mkdir(2)`, `mknod(2)`, `bind(2)`.
    ///
    /// # Errors
    /// `EEXIST`; as [`path::walk`] and [`Inode::create`](crate::Inode::create).
    pub fn make(&self, start: &Location, path: &[u8], creation: &Creation) -> Result<Location> {
        let target = self.new_name(start, path, creation.kind)?;
        let inode = target.directory.inode.create(&target.name, creation)?;
        target.tell_created(creation.kind);
        Ok(Location { mount: target.directory.mount, inode })
    }

    /// Makes a symbolic link to `text`, `symlink(2)`.
    ///
    /// # Errors
    /// `ENOENT` if `text` is empty, `ENAMETOOLONG`; as [`make`](Self::make).
    pub fn symlink(
        &self,
        text: &[u8],
        start: &Location,
        path: &[u8],
        creation: &Creation,
    ) -> Result<()> {
        if text.is_empty() {
            return Err(Errno::ENOENT);
        }
        if text.len() >= PATH_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        let target = self.new_name(start, path, FileType::Symlink)?;
        target.directory.inode.symlink(&target.name, text, creation)?;
        target.tell_created(FileType::Symlink);
        Ok(())
    }

    /// Gives `file` another name, `link(2)`.
    ///
    /// # Errors
    /// `EXDEV` across mounts; as [`make`](Self::make) and [`Inode::link`](crate::Inode::link).
    pub fn link(&self, file: &Location, start: &Location, path: &[u8]) -> Result<()> {
        let target = self.new_name(start, path, FileType::Regular)?;
        if !Arc::ptr_eq(&file.mount, &target.directory.mount) {
            return Err(Errno::EXDEV);
        }
        target.directory.inode.link(&target.name, &file.inode)?;
        watch::notify(&*file.inode, WatchMask::ATTRIB, b"", 0);
        target.tell_created(file.inode.kind());
        Ok(())
    }

    /// Removes the name of what is no directory, `unlink(2)`.
    ///
    /// # Errors
    /// As `unlink(2)`.
    pub fn unlink(&self, start: &Location, path: &[u8]) -> Result<()> {
        let mut target = path::walk(&self.root, start, path, LastLink::Name)?;
        if target.last != LastName::Normal {
            return Err(Errno::EISDIR);
        }
        let found = target.found.take().ok_or(Errno::ENOENT)?;
        match found.location.is_directory() {
            true => Err(Errno::EISDIR),
            false if target.has_slash => Err(Errno::ENOTDIR),
            false => {
                target.directory.inode.unlink(&target.name)?;
                target.tell_removed(found);
                Ok(())
            }
        }
    }

    /// Removes an empty directory, `rmdir(2)`.
    ///
    /// # Errors
    /// As `rmdir(2)`.
    pub fn remove_directory(&self, start: &Location, path: &[u8]) -> Result<()> {
        let mut target = path::walk(&self.root, start, path, LastLink::Name)?;
        match target.last {
            LastName::Normal => {}
            LastName::Dot => return Err(Errno::EINVAL),
            LastName::DotDot => return Err(Errno::ENOTEMPTY),
            LastName::Root => return Err(Errno::EBUSY),
        }
        let found = target.found.take().ok_or(Errno::ENOENT)?;
        if !found.location.is_directory() {
            return Err(Errno::ENOTDIR);
        }
        check_no_mount(&target.directory, &found)?;
        target.directory.inode.remove_directory(&target.name)?;
        target.tell_removed(found);
        Ok(())
    }

    /// Returns the directory that a path's last name is in, and that name, which is not looked up.
    ///
    /// # Errors
    /// As [`path::walk`].
    pub fn parent(&self, start: &Location, path: &[u8]) -> Result<Target> {
        path::walk(&self.root, start, path, LastLink::Parent)
    }

    /// Gives what `from` names the name `to`, `renameat2(2)`; both are what
    /// [`parent`](Self::parent) returned.
    ///
    /// # Errors
    /// As `rename(2)`.
    pub fn rename(&self, mut from: Target, mut to: Target, flags: RenameFlags) -> Result<()> {
        if !Arc::ptr_eq(&from.directory.mount, &to.directory.mount) {
            return Err(Errno::EXDEV);
        }
        if from.last != LastName::Normal {
            return Err(Errno::EBUSY);
        }
        if to.last != LastName::Normal {
            let keeps = flags.contains(RenameFlags::NOREPLACE);
            return Err(if keeps { Errno::EEXIST } else { Errno::EBUSY });
        }
        from.look_up()?;
        if from.found.is_none() {
            return Err(Errno::ENOENT);
        }
        to.look_up()?;
        check_rename(&from, &to, flags)?;
        from.directory.inode.rename(&from.name, &to.directory.inode, &to.name, flags)?;
        tell_renamed(&from, &to, flags);
        Ok(())
    }

    fn new_name(&self, start: &Location, path: &[u8], kind: FileType) -> Result<Target> {
        let target = path::walk(&self.root, start, path, LastLink::Name)?;
        if target.last != LastName::Normal || target.found.is_some() {
            return Err(Errno::EEXIST);
        }
        if target.has_slash && kind != FileType::Directory {
            return Err(Errno::ENOENT);
        }
        Ok(target)
    }
}

impl Target {
    /// Tells who watches the directory of a new name.
    fn tell_created(&self, kind: FileType) {
        watch::notify_name(&*self.directory.inode, &self.name, kind, WatchMask::CREATE);
    }

    /// Tells who watches the directory or the file of a name that is gone.
    fn tell_removed(&self, found: Found) {
        watch::notify_removed(&*found.location.inode);
        let kind = found.location.inode.kind();
        // If nothing else holds the file, its own end is told before that of the name.
        drop(found);
        watch::notify_name(&*self.directory.inode, &self.name, kind, WatchMask::DELETE);
    }
}

/// Tells who watches the directories or the files of a renaming.
fn tell_renamed(from: &Target, to: &Target, flags: RenameFlags) {
    if !watch::is_active() {
        return;
    }
    if flags.contains(RenameFlags::EXCHANGE) {
        tell_moved(from, to, None);
        tell_moved(to, from, None);
    } else {
        tell_moved(from, to, to.found.as_ref());
    }
}

fn tell_moved(from: &Target, to: &Target, replaced: Option<&Found>) {
    let Some(found) = &from.found else { return };
    let is_directory = found.location.is_directory();
    let kind = if is_directory { WatchMask::ISDIR } else { WatchMask::empty() };
    let cookie = watch::new_cookie();
    let (gone, come) = (WatchMask::MOVED_FROM | kind, WatchMask::MOVED_TO | kind);
    watch::notify(&*from.directory.inode, gone, &from.name, cookie);
    watch::notify(&*to.directory.inode, come, &to.name, cookie);
    if let Some(replaced) = replaced {
        watch::notify_removed(&*replaced.location.inode);
    }
    watch::notify(&*found.location.inode, WatchMask::MOVE_SELF, b"", 0);
}

/// Checks flags of `open(2)` that do not go together, which comes before the path is looked at.
///
/// # Errors
/// `EINVAL` for a directory that is to be made, and a file without a name that is not to be written
/// or not asked for with `O_DIRECTORY`.
pub fn check_flags(flags: OpenFlags) -> Result<()> {
    let is_unnamed = flags.contains(OpenFlags::TMPFILE_BIT);
    let is_wrong = flags.contains(OpenFlags::DIRECTORY | OpenFlags::CREAT)
        || is_unnamed && !(flags.contains(OpenFlags::DIRECTORY) && flags.is_writable());
    // With this all others but a few are ignored.
    if is_wrong && !flags.contains(OpenFlags::PATH) { Err(Errno::EINVAL) } else { Ok(()) }
}

/// Opens what a path led to; neither `CREAT` nor `EXCL` count any more.
///
/// # Errors
/// `ELOOP` for a symbolic link, `ENOTDIR`, `EISDIR`; as [`Inode::open`](crate::Inode::open).
pub fn open_found(found: Found, flags: OpenFlags) -> Result<Arc<OpenFile>> {
    let inode = found.location.inode.clone();
    let kind = inode.kind();
    if flags.contains(OpenFlags::DIRECTORY) && kind != FileType::Directory {
        return Err(Errno::ENOTDIR);
    }
    if flags.contains(OpenFlags::PATH) {
        return Ok(OpenFile::named(Arc::new(PathOnly), found, flags));
    }
    let writes = flags.is_writable() || flags.contains(OpenFlags::TRUNC);
    match kind {
        FileType::Symlink => return Err(Errno::ELOOP),
        FileType::Directory if writes => return Err(Errno::EISDIR),
        FileType::Regular => {}
        _ if flags.contains(OpenFlags::DIRECT) => return Err(Errno::EINVAL),
        _ => {}
    }
    let file = inode.clone().open(flags)?;
    if flags.contains(OpenFlags::TRUNC) && kind == FileType::Regular {
        found.change(&Changes { size: Some(0), ..Changes::default() })?;
    }
    Ok(OpenFile::named(file, found, flags))
}

/// What stands behind an `O_PATH` description.
#[derive(Debug)]
struct PathOnly;

impl crate::File for PathOnly {
    fn into_any(self: Arc<Self>) -> Arc<dyn core::any::Any + Send + Sync> {
        self
    }
}

fn last_link(flags: OpenFlags) -> LastLink {
    if flags.contains(OpenFlags::NOFOLLOW) { LastLink::Keep } else { LastLink::Follow }
}

/// Fails with `EBUSY` if something is mounted on what was found.
fn check_no_mount(directory: &Location, found: &Found) -> Result<()> {
    if Arc::ptr_eq(&directory.mount, &found.location.mount) { Ok(()) } else { Err(Errno::EBUSY) }
}

fn check_rename(from: &Target, to: &Target, flags: RenameFlags) -> Result<()> {
    let found = from.found.as_ref().ok_or(Errno::ENOENT)?;
    if to.found.is_some() && flags.contains(RenameFlags::NOREPLACE) {
        return Err(Errno::EEXIST);
    }
    let exchanges = flags.contains(RenameFlags::EXCHANGE);
    let is_file = |found: &Found| !found.location.is_directory();
    if exchanges {
        let old = to.found.as_ref().ok_or(Errno::ENOENT)?;
        if is_file(old) && to.has_slash {
            return Err(Errno::ENOTDIR);
        }
    }
    if is_file(found) && (from.has_slash || (to.has_slash && !exchanges)) {
        return Err(Errno::ENOTDIR);
    }
    check_no_mount(&from.directory, found)?;
    to.found.as_ref().map_or(Ok(()), |old| check_no_mount(&to.directory, old))
}
