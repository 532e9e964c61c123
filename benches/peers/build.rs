//! Links libnetfilter_conntrack if it is installed.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    match pkg_config::Config::new().atleast_version("1.0.8").probe("libnetfilter_conntrack") {
        Ok(library) => {
            println!("cargo:rustc-cfg=lnfct");
            println!("cargo:rustc-env=LNFCT_VERSION={}", library.version);
        }
        Err(_) => println!("cargo:rustc-env=LNFCT_VERSION=none"),
    }
}
