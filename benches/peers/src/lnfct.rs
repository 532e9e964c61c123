//! libnetfilter_conntrack, the library of conntrack(8).

use crate::harness::golden::Golden;
use crate::harness::measure::Path;

#[cfg(not(lnfct))]
pub(crate) fn paths(_: &'static [Golden]) -> Vec<Path> {
    println!("SKIPPED libnetfilter_conntrack: pkg-config does not find it");
    Vec::new()
}

#[cfg(lnfct)]
pub(crate) fn paths(golden: &'static [Golden]) -> Vec<Path> {
    use crate::harness::measure::each;
    use std::hint::black_box;
    println!("libnetfilter_conntrack {}", env!("LNFCT_VERSION"));
    let parsed = Vec::leak(golden.iter().map(|golden| Ct::parse(&golden.bytes)).collect());
    // The buffer is large enough for `nlmsghdr`, `nfgenmsg` and the attributes.
    let mut request = vec![0_u32; 1024];
    let mut line = vec![0_u8; 4096];
    vec![
        each("lnfct-new", "libnetfilter_conntrack: new, destroy", golden, |_| {
            drop(black_box(Ct::new()));
        }),
        each("lnfct-parse", "libnetfilter_conntrack: new, parse, destroy", golden, |golden| {
            drop(black_box(Ct::parse(&golden.bytes)));
        }),
        each("lnfct-build", "libnetfilter_conntrack: object to request", parsed, move |ct| {
            ct.build(&mut request);
            black_box(&request);
        }),
        each("lnfct-text", "libnetfilter_conntrack: parse and print the same line", golden, {
            move |golden| {
                Ct::parse(&golden.bytes).print(&mut line);
                black_box(&line);
            }
        }),
    ]
}

#[cfg(lnfct)]
use ffi::Ct;

#[cfg(lnfct)]
mod ffi {
    use std::ffi::{c_char, c_int, c_uint, c_void};
    use std::ptr::NonNull;

    /// `NFCT_OF_SHOW_LAYER3 | NFCT_OF_ID | NFCT_OF_TIMESTAMP`: extended, id, ktimestamp.
    const FLAGS: c_uint = 1 | 1 << 2 | 1 << 3;
    const NLMSGHDR: usize = 16;

    unsafe extern "C" {
        fn nfct_new() -> *mut c_void;
        fn nfct_destroy(ct: *mut c_void);
        fn nfct_nlmsg_parse(nlh: *const c_void, ct: *mut c_void) -> c_int;
        fn nfct_nlmsg_build(nlh: *mut c_void, ct: *const c_void) -> c_int;
        fn nfct_snprintf(
            buf: *mut c_char,
            size: c_uint,
            ct: *const c_void,
            msg_type: c_uint,
            out_type: c_uint,
            flags: c_uint,
        ) -> c_int;
    }

    /// An owned `struct nf_conntrack`.
    pub(crate) struct Ct(NonNull<c_void>);

    impl Ct {
        pub(crate) fn new() -> Self {
            // SAFETY: the function has no arguments, and returns an object that we own.
            Self(NonNull::new(unsafe { nfct_new() }).expect("memory"))
        }

        pub(crate) fn parse(message: &[u8]) -> Self {
            let ct = Self::new();
            let len = message.first_chunk().map_or(0, |len| u32::from_ne_bytes(*len) as usize);
            assert!(len == message.len() && message.as_ptr().cast::<u32>().is_aligned());
            // SAFETY: the message is complete, aligned like `struct nlmsghdr`, and only read.
            let parsed = unsafe { nfct_nlmsg_parse(message.as_ptr().cast(), ct.0.as_ptr()) };
            assert_eq!(parsed, 0, "it parses");
            ct
        }

        /// Writes the attributes of a request after its headers.
        pub(crate) fn build(&self, request: &mut [u32]) {
            assert!(request.len() >= 1024);
            request[0] = NLMSGHDR as u32 + 4;
            request[1..5].fill(0);
            // SAFETY: the attributes of an entry need far less than the 4096 bytes of the buffer.
            let built = unsafe { nfct_nlmsg_build(request.as_mut_ptr().cast(), self.0.as_ptr()) };
            assert_eq!(built, 0, "it builds");
        }

        pub(crate) fn print(&self, line: &mut [u8]) {
            let (buf, size) = (line.as_mut_ptr().cast(), line.len() as c_uint);
            // SAFETY: the function writes at most `size` bytes. The zeros are `NFCT_T_UNKNOWN` and
            // `NFCT_O_PLAIN`.
            let len = unsafe { nfct_snprintf(buf, size, self.0.as_ptr(), 0, 0, FLAGS) };
            assert!(len > 0, "it prints");
        }
    }

    impl Drop for Ct {
        fn drop(&mut self) {
            // SAFETY: `nfct_new` returned the pointer, and nothing else destroys it.
            unsafe { nfct_destroy(self.0.as_ptr()) }
        }
    }
}
