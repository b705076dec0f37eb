//! Fuzzes [`batch::untrusted::settings`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| batch::untrusted::settings(data));
