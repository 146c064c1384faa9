// Adam and AdamW over one flat float buffer on the CPU: gradient clipping, moments, update and zeroing in one pass.
#include "shim.h"
#include "simd.h"

#include <torch/csrc/autograd/variable.h>

#include <cmath>

namespace {

struct AdamFactors {
  float clip, beta1, rest1, beta2, rest2, root_bias2, eps, step_size, coupled_decay, shrink;
  float kept;  // what stays of the gradient: 1, or 0 where the caller wants it zeroed
};

OFL_VECTORISED double sum_of_squares(const float* values, int64_t count) {
  // Sixteen running sums per block keep the loop free of a serial dependence; blocks are joined in double.
  constexpr int64_t kLanes = 16, kBlock = 4096;
  double total = 0;
  for (int64_t start = 0; start < count; start += kBlock) {
    const int64_t end = std::min(start + kBlock, count);
    float lanes[kLanes] = {};
    int64_t i = start;
    for (; i + kLanes <= end; i += kLanes) {
      for (int64_t k = 0; k < kLanes; ++k) lanes[k] += values[i + k] * values[i + k];
    }
    for (; i < end; ++i) lanes[0] += values[i] * values[i];
    for (float lane : lanes) total += lane;
  }
  return total;
}

OFL_VECTORISED void adam_pass(float* __restrict values, float* __restrict gradients, float* __restrict first,
                              float* __restrict second, int64_t count, const AdamFactors& factors) {
  const AdamFactors f = factors;
  for (int64_t i = 0; i < count; ++i) {
    const float g = gradients[i] * f.clip + f.coupled_decay * values[i];
    const float m = f.beta1 * first[i] + f.rest1 * g;
    const float v = f.beta2 * second[i] + f.rest2 * g * g;
    first[i] = m;
    second[i] = v;
    gradients[i] *= f.kept;
    values[i] = values[i] * f.shrink - f.step_size * m / (std::sqrt(v) * f.root_bias2 + f.eps);
  }
}

float* flat_floats(ofl::Handle handle, int64_t count, const char* what) {
  auto tensor = ofl::borrow(handle);
  TORCH_CHECK(tensor.defined() && tensor.is_cpu() && tensor.scalar_type() == at::kFloat && tensor.is_contiguous() &&
                  tensor.numel() == count,
              what, " must be a contiguous float tensor of ", count, " elements on the CPU");
  torch::autograd::impl::bump_version(tensor);
  return tensor.data_ptr<float>();
}

}  // namespace

// step counts from 1; max_norm 0 means no clipping.
OFL_EXPORT int32_t ofl_adam_step(ofl::Handle values, ofl::Handle gradients, ofl::Handle first, ofl::Handle second,
                                 int64_t step, double rate, double beta1, double beta2, double eps, double decay,
                                 int32_t decoupled, double max_norm, int32_t zero_grad) {
  return ofl::guard<int32_t>(-1, [&] {
    const int64_t count = values->numel();
    float* w = flat_floats(values, count, "values");
    float* g = flat_floats(gradients, count, "gradients");
    float* m = flat_floats(first, count, "the first moment");
    float* v = flat_floats(second, count, "the second moment");
    double clip = 1;
    if (max_norm > 0) clip = std::min(1.0, max_norm / (std::sqrt(sum_of_squares(g, count)) + 1e-6));
    AdamFactors factors{};
    factors.clip = static_cast<float>(clip);
    factors.beta1 = static_cast<float>(beta1);
    factors.rest1 = static_cast<float>(1 - beta1);
    factors.beta2 = static_cast<float>(beta2);
    factors.rest2 = static_cast<float>(1 - beta2);
    factors.root_bias2 = static_cast<float>(1 / std::sqrt(1 - std::pow(beta2, static_cast<double>(step))));
    factors.eps = static_cast<float>(eps);
    factors.step_size = static_cast<float>(rate / (1 - std::pow(beta1, static_cast<double>(step))));
    factors.coupled_decay = decoupled ? 0.0f : static_cast<float>(decay);
    factors.shrink = decoupled ? static_cast<float>(1 - rate * decay) : 1.0f;
    factors.kept = zero_grad ? 0.0f : 1.0f;
    adam_pass(w, g, m, v, count, factors);
    return 0;
  });
}
