//! Fuzzes [`batch::untrusted::code_owners`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| batch::untrusted::code_owners(data));
