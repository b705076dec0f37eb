//! Fuzzes [`batch::untrusted::redactor`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| batch::untrusted::redactor(data));
