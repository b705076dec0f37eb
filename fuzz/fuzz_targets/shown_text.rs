//! Fuzzes [`batch::untrusted::shown_text`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| batch::untrusted::shown_text(data));
