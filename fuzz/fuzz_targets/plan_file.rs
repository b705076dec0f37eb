//! Fuzzes [`batch::untrusted::plan_file`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| batch::untrusted::plan_file(data));
