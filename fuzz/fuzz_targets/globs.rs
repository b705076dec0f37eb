//! Fuzzes [`batch::untrusted::globs`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| batch::untrusted::globs(data));
