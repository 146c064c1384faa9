// Autograd: what the dispatcher does not know. Gradients, grad mode, backward.
#include "shim.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>

#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>

#include <vector>

using ofl::Handle;

OFL_EXPORT int32_t ofl_requires_grad(Handle t) {
  return ofl::guard<int32_t>(-1, [&] { return ofl::borrow(t).requires_grad() ? 1 : 0; });
}

OFL_EXPORT int32_t ofl_set_requires_grad(Handle t, int32_t value) {
  return ofl::guard<int32_t>(-1, [&] {
    ofl::borrow(t).set_requires_grad(value != 0);
    return 0;
  });
}

OFL_EXPORT int32_t ofl_is_leaf(Handle t) {
  return ofl::guard<int32_t>(-1, [&] { return ofl::borrow(t).is_leaf() ? 1 : 0; });
}

// The gradient, or null where there is none (0) and on failure (-1 in status).
OFL_EXPORT Handle ofl_grad(Handle t, int32_t* status) {
  *status = 0;
  auto failed = ofl::guard<int32_t>(-1, [] { return 0; });
  Handle grad = nullptr;
  failed = ofl::guard<int32_t>(-1, [&] {
    grad = ofl::give(ofl::borrow(t).grad());
    return 0;
  });
  *status = failed;
  return grad;
}

OFL_EXPORT int32_t ofl_set_grad(Handle t, Handle grad) {
  return ofl::guard<int32_t>(-1, [&] {
    auto tensor = ofl::borrow(t);
    auto value = ofl::borrow(grad);
    if (value.defined()) {
      TORCH_CHECK(value.sizes() == tensor.sizes(), "a gradient of shape ", value.sizes(), " for a tensor of shape ", tensor.sizes());
      TORCH_CHECK(value.dtype() == tensor.dtype() && value.device() == tensor.device(),
                  "a gradient must have its tensor's dtype and device");
    }
    tensor.mutable_grad() = value;
    return 0;
  });
}

namespace {

torch::autograd::variable_list list_of(const Handle* handles, int32_t count) {
  torch::autograd::variable_list list;
  list.reserve(count);
  for (int32_t k = 0; k < count; ++k) list.push_back(ofl::borrow(handles[k]));
  return list;
}

}  // namespace

// Null entries of grads stand for the implicit gradient of a scalar; no inputs means every leaf.
OFL_EXPORT int32_t ofl_backward(const Handle* tensors, const Handle* grads, int32_t count, const Handle* inputs,
                                int32_t input_count, int32_t retain_graph, int32_t create_graph) {
  return ofl::guard<int32_t>(-1, [&] {
    torch::autograd::backward(list_of(tensors, count), list_of(grads, count), retain_graph != 0, create_graph != 0,
                              list_of(inputs, input_count));
    return 0;
  });
}

OFL_EXPORT int32_t ofl_gradients(const Handle* outputs, const Handle* grads, int32_t count, const Handle* inputs,
                                 int32_t input_count, int32_t retain_graph, int32_t create_graph, int32_t allow_unused,
                                 Handle* results) {
  return ofl::guard<int32_t>(-1, [&] {
    auto list = torch::autograd::grad(list_of(outputs, count), list_of(inputs, input_count), list_of(grads, count),
                                      retain_graph != 0, create_graph != 0, allow_unused != 0);
    for (int32_t k = 0; k < input_count; ++k) results[k] = ofl::give(list[k]);
    return 0;
  });
}

OFL_EXPORT int32_t ofl_grad_enabled() { return c10::GradMode::is_enabled() ? 1 : 0; }

OFL_EXPORT void ofl_set_grad_enabled(int32_t enabled) {
  ofl::guard<int>(0, [&] {
    c10::GradMode::set_enabled(enabled != 0);
    return 0;
  });
}

OFL_EXPORT int32_t ofl_inference_enabled() { return c10::InferenceMode::is_enabled() ? 1 : 0; }

// The guard object is the state: it restores on deletion, in the reverse order of creation.
OFL_EXPORT void* ofl_inference_enter(int32_t enabled) {
  return ofl::guard<void*>(nullptr, [&]() -> void* { return new c10::InferenceMode(enabled != 0); });
}

OFL_EXPORT void ofl_inference_leave(void* mode) {
  ofl::guard<int>(0, [&] {
    delete static_cast<c10::InferenceMode*>(mode);
    return 0;
  });
}
