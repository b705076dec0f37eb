//! Fuzzes [`batch::untrusted::check_output`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| batch::untrusted::check_output(data));
