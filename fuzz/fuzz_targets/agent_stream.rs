//! Fuzzes [`batch::untrusted::agent_stream`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| batch::untrusted::agent_stream(data));
