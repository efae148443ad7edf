//! People's passwords: Argon2id, kept as PHC strings.
//!
//! Every call here but `needs_rehash` takes [`MEMORY_KIB`] of memory and tens of milliseconds of
//! one core, and does not yield: the caller bounds how many run at once.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use secrecy::{ExposeSecret, SecretString};

use crate::random::{self, NoRandomness};

/// Memory of one hash in KiB: the floor of OWASP's ASVS for Argon2id with two passes.
pub const MEMORY_KIB: u32 = 19_456;
/// Passes over the memory.
pub const PASSES: u32 = 2;
/// Lanes; one, because the server runs several hashes rather than one on several cores.
pub const LANES: u32 = 1;
/// The most memory in KiB that [`verify`] spends on a string made elsewhere.
pub const MOST_MEMORY_KIB: u32 = 131_072;
/// The most passes that [`verify`] spends on a string made elsewhere.
pub const MOST_PASSES: u32 = 10;

/// Why a password was not hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// No salt could be drawn.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The hash could not be made, most likely for want of memory.
    #[error("the password could not be hashed")]
    NotHashed(#[from] argon2::password_hash::Error),
}

/// Hashes a password with a fresh salt of 16 bytes; the answer is a PHC string.
pub fn hash(password: &SecretString) -> Result<String, PasswordError> {
    let mut salt = [0; 16];
    random::fill(&mut salt)?;
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT_LENGTH))
        .map_err(argon2::password_hash::Error::from)?;
    let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
    let phc = PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(Salt::new(&salt).map_err(argon2::password_hash::Error::from)?),
        hash: Some(output(&Argon2::new(algorithm, version, params), password, &salt)?),
    };
    Ok(phc.to_string())
}

/// Whether the password is the one that was hashed, with the parameters of the PHC string.
///
/// A string that cannot be read, or asks for more than [`MOST_MEMORY_KIB`] or [`MOST_PASSES`],
/// matches none.
pub fn verify(password: &SecretString, phc: &str) -> bool {
    let Some((hash, params)) = parse(phc) else { return false };
    if MOST_MEMORY_KIB < params.m_cost() || MOST_PASSES < params.t_cost() {
        return false;
    }
    let PasswordHash { algorithm, version, salt: Some(salt), hash: Some(expected), .. } = hash
    else {
        return false;
    };
    let version = version.map_or(Ok(Version::default()), Version::try_from);
    let (Ok(algorithm), Ok(version)) = (Algorithm::try_from(algorithm.as_str()), version) else {
        return false;
    };
    // Outputs are compared in constant time.
    output(&Argon2::new(algorithm, version, params), password, &salt)
        .is_ok_and(|found| found == expected)
}

/// The output of the function, in memory that goes back to the system afterwards.
///
/// glibc keeps a block of up to 32 MiB that it gave out before, once for each thread that hashes: some wrong passwords
/// at once would leave a process larger by hundreds of megabytes. What is larger it maps and unmaps (`mallopt(3)`,
/// `M_MMAP_THRESHOLD`), so that much is asked for, and the rest is never touched.
fn output(
    argon2: &Argon2<'_>,
    password: &SecretString,
    salt: &[u8],
) -> argon2::password_hash::Result<Output> {
    let mut memory: Vec<Block> = Vec::new();
    let blocks = argon2.params().block_count();
    memory.try_reserve_exact(blocks.max(BLOCKS_MAPPED)).map_err(|_| argon2::Error::OutOfMemory)?;
    memory.resize(blocks, Block::default());
    let mut found = [0; OUTPUT_LENGTH_MOST];
    let length = argon2.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let found = found.get_mut(..length).ok_or(argon2::Error::OutputTooLong)?;
    let password = password.expose_secret().as_bytes();
    let hashed = argon2.hash_password_into_with_memory(password, salt, found, &mut memory);
    memory.fill(Block::default());
    std::hint::black_box(&mut memory);
    hashed?;
    Ok(Output::new(found)?)
}

/// Takes the time of [`verify`] for a user who does not exist, so that the time tells nobody who
/// does.
pub fn verify_nobody(password: &SecretString) {
    std::hint::black_box(verify(password, NOBODY));
}

/// Whether the string was made by another algorithm or other parameters than [`hash`] uses now.
pub fn needs_rehash(phc: &str) -> bool {
    let Some((hash, params)) = parse(phc) else { return true };
    hash.algorithm != Algorithm::Argon2id.ident()
        || hash.version != Some(Version::V0x13.into())
        || (params.m_cost(), params.t_cost(), params.p_cost()) != (MEMORY_KIB, PASSES, LANES)
        || params.output_len() != Some(OUTPUT_LENGTH)
}

fn parse(phc: &str) -> Option<(PasswordHash, Params)> {
    let hash = PasswordHash::new(phc).ok()?;
    let params = Params::try_from(&hash).ok()?;
    Some((hash, params))
}

const OUTPUT_LENGTH: usize = 32;
const OUTPUT_LENGTH_MOST: usize = Output::MAX_LENGTH;
/// Blocks of 1 KiB that are more than glibc ever keeps.
const BLOCKS_MAPPED: usize = 32 * 1024 + 1;

/// A string of the present parameters whose output, all zeros, is the hash of no known password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c3Ryb25ncm9vbS1ub2JvZA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        text.into()
    }

    #[test]
    fn only_the_same_password_verifies() {
        let phc = hash(&secret("correct horse")).unwrap();
        assert!(verify(&secret("correct horse"), &phc));
        for wrong in ["", "correct horse ", "Correct horse", "correct hors"] {
            assert!(!verify(&secret(wrong), &phc), "{wrong:?}");
        }
    }

    #[test]
    fn the_string_names_the_parameters_and_has_a_salt_of_its_own() {
        let (one, other) = (hash(&secret("same")).unwrap(), hash(&secret("same")).unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(one, other);
        assert!(!needs_rehash(&one));
    }

    #[test]
    fn a_string_of_another_implementation_verifies_and_is_due_for_rehashing() {
        // A published vector of the reference implementation: "password", salt "somesalt", t=2,
        // m=2^16, p=1.
        let phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$\
                   CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(verify(&secret("password"), phc));
        assert!(!verify(&secret("Password"), phc));
        assert!(needs_rehash(phc));
    }

    #[test]
    fn nobody_costs_what_somebody_costs_and_never_verifies() {
        assert!(!needs_rehash(NOBODY));
        for guess in ["", "nobody", "password"] {
            assert!(!verify(&secret(guess), NOBODY));
        }
        verify_nobody(&secret("anything"));
    }

    #[test]
    fn broken_and_costly_strings_verify_nothing() {
        let floor = "m=19456,t=2,p=1";
        for changed in ["m=4294967295,t=2,p=1", "m=19456,t=4294967295,p=1", "m=0,t=0,p=0", ""] {
            let phc = NOBODY.replace(floor, changed);
            assert!(!verify(&secret("password"), &phc), "{phc}");
            assert!(needs_rehash(&phc), "{phc}");
        }
        for phc in ["", "$", "password", "$argon2id$v=19", "$2b$10$abcdefghijklmnopqrstuu"] {
            assert!(!verify(&secret("password"), phc), "{phc}");
            assert!(needs_rehash(phc), "{phc}");
        }
    }
}
