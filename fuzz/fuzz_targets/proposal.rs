//! Fuzzes [`batch::untrusted::proposal`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| batch::untrusted::proposal(data));
