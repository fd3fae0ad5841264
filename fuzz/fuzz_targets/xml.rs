//! XML bodies: every verdict is reached, limits only ever refuse more, and no document type passes.
#![no_main]

use gatepost_policies::wire::{XmlLimits, scan_xml};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let free = scan_xml(bytes, None, &XmlLimits::default());
    let strict = XmlLimits {
        node_depth: Some(4),
        attributes: Some(2),
        namespaces: Some(1),
        children: Some(3),
        text_length: Some(8),
        attribute_length: Some(5),
        comment_length: Some(5),
        bare_doctype: false,
    };
    let strict = scan_xml(bytes, None, &strict);
    if let Ok(depth) = strict {
        assert_eq!(free, Ok(depth));
        assert!(depth <= 4);
    }
    for charset in ["utf-8", "utf-16", "iso-8859-1", "utf-7"] {
        let said = scan_xml(bytes, Some(charset), &XmlLimits::default());
        assert!(charset != "utf-7" || said.is_err());
    }
    for fault in free.err().into_iter().chain(strict.err()) {
        assert!(fault.line >= 1 && fault.path.starts_with('/'));
        assert!(!fault.what.to_string().is_empty());
    }
});
