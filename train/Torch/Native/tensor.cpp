// What a tensor is rather than what it computes: lifetime, shape, storage.
#include "shim.h"

#include <torch/csrc/autograd/variable.h>

using ofl::Handle;

OFL_EXPORT void ofl_tensor_free(Handle t) {
  ofl::guard<int>(0, [&] {
    c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(t);
    return 0;
  });
}

// Another counted reference to the same tensor.
OFL_EXPORT Handle ofl_tensor_alias(Handle t) {
  return ofl::guard<Handle>(nullptr, [&] { return ofl::give(ofl::borrow(t)); });
}

OFL_EXPORT int64_t ofl_tensor_dim(Handle t) { return ofl::guard<int64_t>(-1, [&] { return t->dim(); }); }

OFL_EXPORT int64_t ofl_tensor_numel(Handle t) { return ofl::guard<int64_t>(-1, [&] { return t->numel(); }); }

OFL_EXPORT int32_t ofl_tensor_dtype(Handle t) {
  return ofl::guard<int32_t>(-1, [&] { return static_cast<int32_t>(c10::typeMetaToScalarType(t->dtype())); });
}

OFL_EXPORT int64_t ofl_tensor_element_size(Handle t) {
  return ofl::guard<int64_t>(-1, [&] { return static_cast<int64_t>(t->dtype().itemsize()); });
}

// Sizes and strides into arrays of ofl_tensor_dim elements; either may be null.
OFL_EXPORT int32_t ofl_tensor_shape(Handle t, int64_t* sizes, int64_t* strides) {
  return ofl::guard<int32_t>(-1, [&] {
    if (sizes) std::copy(t->sizes().begin(), t->sizes().end(), sizes);
    if (strides) std::copy(t->strides().begin(), t->strides().end(), strides);
    return 0;
  });
}

OFL_EXPORT int32_t ofl_tensor_device(Handle t, int32_t* index) {
  return ofl::guard<int32_t>(-1, [&] {
    auto device = t->device();
    *index = device.index();
    return static_cast<int32_t>(device.type());
  });
}

OFL_EXPORT int64_t ofl_tensor_storage_offset(Handle t) {
  return ofl::guard<int64_t>(-1, [&] { return t->storage_offset(); });
}

OFL_EXPORT int32_t ofl_tensor_is_contiguous(Handle t) {
  return ofl::guard<int32_t>(-1, [&] { return t->is_contiguous() ? 1 : 0; });
}

// The first element; null for an empty tensor and on failure.
OFL_EXPORT void* ofl_tensor_data(Handle t) {
  return ofl::guard<void*>(nullptr, [&] { return ofl::borrow(t).data_ptr(); });
}

// Whether both are views of one storage.
OFL_EXPORT int32_t ofl_tensor_shares_storage(Handle a, Handle b) {
  return ofl::guard<int32_t>(-1, [&] {
    return a->has_storage() && b->has_storage() && a->storage().unsafeGetStorageImpl() == b->storage().unsafeGetStorageImpl() ? 1 : 0;
  });
}
