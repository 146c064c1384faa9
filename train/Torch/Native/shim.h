// What every file of the shim shares: the export macro, tensor handles, and the guard that keeps exceptions inside.
#pragma once

#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include <cstdint>
#include <exception>

#define OFL_EXPORT extern "C" __attribute__((visibility("default")))

namespace ofl {

// A handle is a counted reference to a TensorImpl: no box around it, one increment to share it.
using Handle = c10::TensorImpl*;

inline at::Tensor borrow(Handle handle) {
  return handle == nullptr
      ? at::Tensor()
      : at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(handle));
}

inline Handle give(at::Tensor tensor) {
  return tensor.defined() ? tensor.unsafeReleaseTensorImpl() : nullptr;
}

// The bytes a fresh result owns; 0 for a view, whose storage another handle already counts.
inline int64_t owned_bytes(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.has_storage()) return 0;
  const auto& storage = tensor.storage();
  return storage.use_count() == 1 ? static_cast<int64_t>(storage.nbytes()) : 0;
}

void set_error(const char* text);

// Runs body; whatever it throws becomes the thread's error text, and failed is returned instead.
template <class R, class Body>
R guard(R failed, Body&& body) noexcept {
  try {
    return body();
  } catch (const c10::Error& e) {
    set_error(e.what_without_backtrace());
  } catch (const std::exception& e) {
    set_error(e.what());
  } catch (...) {
    set_error("an exception of unknown type");
  }
  return failed;
}

}  // namespace ofl
