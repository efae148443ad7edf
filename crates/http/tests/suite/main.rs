//! What clients see, tested in process: every request passes the router that the server serves.

#[cfg(test)]
mod access_matrix;
#[cfg(test)]
mod awx;
#[cfg(test)]
mod leaks;
#[cfg(test)]
mod native;
#[cfg(test)]
mod observed;
#[cfg(test)]
mod rejections;
#[cfg(test)]
mod room;
