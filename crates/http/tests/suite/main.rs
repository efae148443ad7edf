//! What clients see, tested in process: every request passes the router that the server serves.

#[cfg(test)]
mod access_matrix;
#[cfg(test)]
mod app_catalog;
#[cfg(test)]
mod awx;
#[cfg(test)]
mod cloud_foundry;
#[cfg(test)]
#[expect(dead_code, reason = "the suite of the use-cases needs more of it")]
#[path = "../../../service/tests/suite/room/database.rs"]
mod database;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod leaks;
#[cfg(test)]
mod native;
#[cfg(test)]
mod observed;
#[cfg(test)]
mod probely;
#[cfg(test)]
#[expect(dead_code, reason = "the size of a run is its time here")]
#[path = "../../../strongroom/tests/common/proof.rs"]
mod proof;
#[cfg(test)]
mod registry_token;
#[cfg(test)]
mod rejections;
#[cfg(test)]
mod room;
#[cfg(test)]
mod where_used;
