// The process around the tensors: malloc, threads, devices, versions.
#include "shim.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <dlfcn.h>
#include <malloc.h>

#include <string>

namespace {

// glibc returns freed blocks to the system above these thresholds and faults them in again at the next step.
__attribute__((constructor)) void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 256 << 20);
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
}

// OpenBLAS keeps a pool of its own beside OpenMP's; it is there only where libtorch was linked against it.
template <class Function>
Function find_symbol(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

}  // namespace

// Of the exports, as in Interop/ShimLibrary.cs: raised there and here whenever they change.
OFL_EXPORT int32_t ofl_interface() { return 5; }

OFL_EXPORT int32_t ofl_set_threads(int32_t count) {
  return ofl::guard<int32_t>(-1, [&] {
    at::set_num_threads(count);
    if (auto set = find_symbol<void (*)(int)>("openblas_set_num_threads")) set(count);
    return 0;
  });
}

OFL_EXPORT int32_t ofl_threads() { return ofl::guard<int32_t>(-1, [] { return at::get_num_threads(); }); }

// "libtorch 1.13.1; OpenBLAS 0.3.21 ..." into a buffer; returns the length.
OFL_EXPORT int32_t ofl_describe(char* buffer, int32_t capacity) {
  return ofl::guard<int32_t>(-1, [&] {
    std::string text = "libtorch " TORCH_VERSION;
    if (auto blas = find_symbol<char* (*)()>("openblas_get_config")) text += std::string("; ") + blas();
    const int32_t length = std::min<int32_t>(static_cast<int32_t>(text.size()), capacity);
    text.copy(buffer, length);
    return length;
  });
}

OFL_EXPORT int32_t ofl_cuda_device_count() {
  return ofl::guard<int32_t>(0, [] { return static_cast<int32_t>(torch::cuda::device_count()); });
}

OFL_EXPORT int32_t ofl_cuda_synchronize(int32_t device) {
  return ofl::guard<int32_t>(-1, [&] {
    torch::cuda::synchronize(device);
    return 0;
  });
}
