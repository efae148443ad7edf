//! What clients see, tested in process: every request passes the router that the server serves.

mod native;
mod rejections;
mod room;
