//! Fuzzes [`batch::untrusted::imports`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| batch::untrusted::imports(data));
