//! JSON bodies: what passes is JSON to another reader too, and limits only ever refuse more.
#![no_main]

use gatepost_policies::wire::{JsonLimits, scan_json};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let free = scan_json(bytes, &JsonLimits::default());
    let strict = JsonLimits {
        container_depth: Some(4),
        object_entries: Some(3),
        name_length: Some(5),
        array_elements: Some(3),
        string_length: Some(5),
        number_length: Some(8),
        exponent: Some(300),
        unique_names: true,
    };
    let strict = scan_json(bytes, &strict);
    if let Ok(depth) = strict {
        assert_eq!(free, Ok(depth));
        assert!(serde_json::from_slice::<serde_json::Value>(bytes).is_ok());
    }
    for fault in free.err().into_iter().chain(strict.err()) {
        assert!(fault.offset <= bytes.len());
        assert!(!fault.what.to_string().is_empty());
    }
});
