//! Loops compiled once for every machine and again for those with wider registers.

/// Defines a function that runs `$body` compiled for the widest vector registers this machine has. `$body` and what it
/// calls must be `#[inline(always)]`, or they stay as they are. The results are the same: only ordinary integer
/// arithmetic is compiled, no intrinsic is called.
macro_rules! widest {
    ($(#[$meta:meta])* $visibility:vis fn $name:ident($($argument:ident: $kind:ty),*) = $body:path;) => {
        $(#[$meta])*
        #[allow(unsafe_code)]
        $visibility fn $name($($argument: $kind),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
                fn on_512_bits($($argument: $kind),*) {
                    $body($($argument),*)
                }
                #[target_feature(enable = "avx2")]
                fn on_256_bits($($argument: $kind),*) {
                    $body($($argument),*)
                }
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                {
                    // SAFETY: `on_512_bits` is a safe function that needs exactly the features just detected.
                    return unsafe { on_512_bits($($argument),*) };
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: `on_256_bits` is a safe function that needs exactly the feature just detected.
                    return unsafe { on_256_bits($($argument),*) };
                }
            }
            $body($($argument),*)
        }
    };
}

pub(crate) use widest;
