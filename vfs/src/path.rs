//! The walk along a path: `path_resolution(7)`.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::sync::Arc;

use abi::fcntl::{NAME_MAX, PATH_MAX, Resolve};
use abi::stat::FileType;
use abi::{Errno, Result};

use crate::mount::{Found, Location, Place};

/// How many symbolic links a walk follows before it fails with `ELOOP`.
const MAX_LINKS: usize = 40;

/// What to do with a symbolic link in the last component.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LastLink {
    /// Follow it.
    Follow,
    /// It is what is meant, unless a slash follows its name.
    Keep,
    /// It is what is meant: the name itself is worked on, as `unlink(2)` does.
    Name,
    /// As `Name`, but it is not looked up: [`Target::look_up`] does that later.
    Parent,
}

/// The last component of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LastName {
    /// A name, see [`Target::name`].
    Normal,
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// There is none: the path is `/`.
    Root,
}

/// Where a path ends: a name in a directory and what is there.
#[derive(Debug)]
pub struct Target {
    /// The directory that the last component is looked up in.
    pub directory: Location,
    /// The last component's bytes.
    pub name: Box<[u8]>,
    /// What the last component is.
    pub last: LastName,
    /// Whether a slash follows the last component.
    pub has_slash: bool,
    /// What is there now, if anything.
    pub found: Option<Found>,
}

impl Target {
    /// Looks up what is there, which a walk with [`LastLink::Parent`] has left.
    ///
    /// # Errors
    /// `ENAMETOOLONG`, and what the file system answers.
    pub fn look_up(&mut self) -> Result<()> {
        if self.name.len() > NAME_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        self.found = match self.directory.lookup(&self.name) {
            Ok(location) => Some(found_in(&self.directory, location, &self.name)),
            Err(Errno::ENOENT) => None,
            Err(errno) => return Err(errno),
        };
        Ok(())
    }
}

/// Returns what a name in a directory was found to be.
fn found_in(directory: &Location, location: Location, name: &[u8]) -> Found {
    let place = match location.inode.kind() {
        FileType::Directory => Place::Itself,
        _ => Place::Name(directory.clone(), name.into()),
    };
    Found { location, place }
}

/// Follows `path` from `start`, or from `root` if it begins with a slash.
///
/// # Errors
/// `ENOENT` for an empty path or a component before the last that is not there, `ENOTDIR`,
/// `ELOOP`, `ENAMETOOLONG`, and what the file systems answer.
pub fn walk(root: &Location, start: &Location, path: &[u8], last: LastLink) -> Result<Target> {
    walk_within(root, start, path, last, Resolve::empty())
}

/// As [`walk`], but no farther than `resolve` allows, `openat2(2)`.
///
/// # Errors
/// As [`walk`]; `EXDEV` for a way out of where it has to stay, `ELOOP` for a link that it must not
/// follow.
pub fn walk_within(
    root: &Location,
    start: &Location,
    path: &[u8],
    last: LastLink,
    resolve: Resolve,
) -> Result<Target> {
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    if path.len() >= PATH_MAX {
        return Err(Errno::ENAMETOOLONG);
    }
    let is_confined = resolve.intersects(Resolve::BENEATH | Resolve::IN_ROOT);
    let root = if is_confined { start } else { root };
    let (here, rest) = (start.clone(), Cow::Borrowed(path));
    let mut walk = Walk { root, here, rest, at: 0, links: 0, resolve };
    walk.begin()?;
    loop {
        if let Some(target) = walk.step(last)? {
            return Ok(target);
        }
    }
}

struct Walk<'a> {
    root: &'a Location,
    here: Location,
    rest: Cow<'a, [u8]>,
    at: usize,
    links: usize,
    resolve: Resolve,
}

struct Component {
    start: usize,
    end: usize,
    next: usize,
    is_last: bool,
}

impl Walk<'_> {
    fn begin(&mut self) -> Result<()> {
        self.at = 0;
        if self.rest.first() == Some(&b'/') {
            if self.resolve.contains(Resolve::BENEATH) {
                return Err(Errno::EXDEV);
            }
            // The first of all steps crosses no mount.
            if self.links > 0 {
                self.check_mount(self.root)?;
            }
            self.here = self.root.clone();
        }
        Ok(())
    }

    /// Fails with `EXDEV` if a step to `next` would cross mounts and must not.
    fn check_mount(&self, next: &Location) -> Result<()> {
        let stays = Arc::ptr_eq(&next.mount, &self.here.mount);
        let may_cross = !self.resolve.contains(Resolve::NO_XDEV);
        if stays || may_cross { Ok(()) } else { Err(Errno::EXDEV) }
    }

    /// Returns where `..` leads to; nothing if it stays at the root.
    fn up(&self) -> Result<Option<Location>> {
        if self.here.is_same(self.root) {
            let leaves = self.resolve.contains(Resolve::BENEATH);
            return if leaves { Err(Errno::EXDEV) } else { Ok(None) };
        }
        let up = self.here.parent()?;
        self.check_mount(&up)?;
        Ok(Some(up))
    }

    fn component(&self) -> Component {
        let rest = &self.rest[..];
        let skip = |from: usize| {
            rest[from..].iter().position(|&b| b != b'/').map_or(rest.len(), |n| from + n)
        };
        let start = skip(self.at);
        let end = rest[start..].iter().position(|&b| b == b'/').map_or(rest.len(), |n| start + n);
        let next = skip(end);
        Component { start, end, next, is_last: next == rest.len() }
    }

    fn name(&self, component: &Component) -> &[u8] {
        &self.rest[component.start..component.end]
    }

    /// Takes one component; returns the target if it was the last.
    fn step(&mut self, last: LastLink) -> Result<Option<Target>> {
        let component = self.component();
        if !self.here.is_directory() {
            return Err(Errno::ENOTDIR);
        }
        match self.name(&component) {
            b"" => Ok(Some(self.at_directory(LastName::Root, &component))),
            b"." => Ok(self.advance(None, LastName::Dot, &component)),
            b".." => {
                let up = self.up()?;
                Ok(self.advance(up, LastName::DotDot, &component))
            }
            _ if component.is_last && last == LastLink::Parent => {
                self.end(&component, None, last).map(Some)
            }
            name if name.len() > NAME_MAX => Err(Errno::ENAMETOOLONG),
            _ => self.normal(&component, last),
        }
    }

    fn advance(
        &mut self,
        to: Option<Location>,
        name: LastName,
        component: &Component,
    ) -> Option<Target> {
        if let Some(to) = to {
            self.here = to;
        }
        self.at = component.next;
        component.is_last.then(|| self.at_directory(name, component))
    }

    fn at_directory(&self, last: LastName, component: &Component) -> Target {
        Target {
            directory: self.here.clone(),
            name: self.name(component).into(),
            last,
            has_slash: component.end < component.next,
            found: Some(Found::directory(self.here.clone())),
        }
    }

    fn normal(&mut self, component: &Component, last: LastLink) -> Result<Option<Target>> {
        let has_slash = component.end < component.next;
        let follows =
            !component.is_last || last == LastLink::Follow || (last == LastLink::Keep && has_slash);
        let location = match self.here.lookup(self.name(component)) {
            Ok(location) => {
                self.check_mount(&location)?;
                Some(location)
            }
            Err(Errno::ENOENT) if component.is_last => None,
            Err(errno) => return Err(errno),
        };
        let mut jumped = None;
        if let Some(link) = location.as_ref()
            && follows
            && link.inode.kind() == FileType::Symlink
        {
            match link.inode.jump() {
                Some(found) => {
                    self.count_link()?;
                    self.check_jump()?;
                    let found = found?;
                    self.check_mount(&found.location)?;
                    jumped = Some(found);
                }
                None => return self.follow(&link.clone(), component).map(|()| None),
            }
        }
        if !component.is_last {
            self.at = component.next;
            self.here = match jumped {
                Some(found) => found.location,
                None => location.ok_or(Errno::ENOENT)?,
            };
            return Ok(None);
        }
        let name = self.name(component);
        let found =
            jumped.or_else(|| location.map(|location| found_in(&self.here, location, name)));
        self.end(component, found, last).map(Some)
    }

    fn end(&self, component: &Component, found: Option<Found>, last: LastLink) -> Result<Target> {
        let has_slash = component.end < component.next;
        let is_file = found.as_ref().is_some_and(|found| !found.location.is_directory());
        if has_slash && is_file && last != LastLink::Name {
            return Err(Errno::ENOTDIR);
        }
        Ok(Target {
            directory: self.here.clone(),
            name: self.name(component).into(),
            last: LastName::Normal,
            has_slash,
            found,
        })
    }

    fn count_link(&mut self) -> Result<()> {
        self.links += 1;
        let is_refused = self.resolve.contains(Resolve::NO_SYMLINKS);
        if self.links > MAX_LINKS || is_refused { Err(Errno::ELOOP) } else { Ok(()) }
    }

    /// Checks that a link may lead to a file without a walk.
    fn check_jump(&self) -> Result<()> {
        if self.resolve.contains(Resolve::NO_MAGICLINKS) {
            return Err(Errno::ELOOP);
        }
        let is_confined = self.resolve.intersects(Resolve::BENEATH | Resolve::IN_ROOT);
        if is_confined { Err(Errno::EXDEV) } else { Ok(()) }
    }

    /// Puts the link's text in place of its name.
    fn follow(&mut self, link: &Location, component: &Component) -> Result<()> {
        self.count_link()?;
        let mut text = link.inode.read_link()?;
        if text.is_empty() {
            return Err(Errno::ENOENT);
        }
        let tail: &[u8] = &self.rest[component.end..];
        if text.len() + tail.len() >= 2 * PATH_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        text.extend_from_slice(tail);
        self.rest = Cow::<[u8]>::Owned(text);
        self.begin()
    }
}
