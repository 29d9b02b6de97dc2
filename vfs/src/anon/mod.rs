//! Files without a name: pipes, eventfd, timerfd, epoll.

mod epoll;
mod eventfd;
mod pipe;
mod timerfd;

pub use epoll::Epoll;
pub use eventfd::{EventFd, EventMode};
pub use pipe::{Leave, PIPE_BUF, Pipe, PipeAccess, PipeEnd};
pub use timerfd::{Alarm, Setting, TimerFd};
