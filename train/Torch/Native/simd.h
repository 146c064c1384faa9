// Functions with plain loops that the compiler vectorises once per instruction set; the loader picks at run time.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__)
#define OFL_VECTORISED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define OFL_VECTORISED
#endif
