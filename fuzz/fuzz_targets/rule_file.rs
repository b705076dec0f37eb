//! Fuzzes [`batch::untrusted::rule_file`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| batch::untrusted::rule_file(data));
