//! Compiled documents, shared: while one is in force, compiling it again (for a check in the console, a save that does
//! not touch it, a second policy) finds it.

use std::sync::{Arc, Weak};

use gatepost_model::Fault;
use gatepost_openapi::{Contract, Document, Options};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

/// Text and options, and what they were compiled to. Those that nobody holds any more go when the next one comes.
static KNOWN: Mutex<Vec<(Key, Weak<Contract>)>> = Mutex::new(Vec::new());

#[derive(PartialEq)]
struct Key {
    digest: [u8; 32],
    options: Options,
}

/// The document compiled. Fields of faults are JSON pointers into it.
pub fn compiled(text: &str, options: Options) -> Result<Arc<Contract>, Vec<Fault>> {
    let key = Key { digest: Sha256::digest(text).into(), options };
    let find = || {
        let known = KNOWN.lock();
        known.iter().find(|(known, _)| *known == key).and_then(|(_, contract)| contract.upgrade())
    };
    if let Some(contract) = find() {
        return Ok(contract);
    }
    // Not under the lock: it may take a while.
    let contract = Document::parse(text).and_then(|document| Contract::compile(&document, &key.options))?;
    let contract = Arc::new(contract);
    let mut known = KNOWN.lock();
    known.retain(|(_, contract)| contract.strong_count() > 0);
    known.push((key, Arc::downgrade(&contract)));
    Ok(contract)
}
