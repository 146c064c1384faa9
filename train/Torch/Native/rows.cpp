// What variational models do with rows of numbers beside their networks, each as one pass with one autograd node: soft
// limits, draws of normal distributions, log-likelihoods and divergences. Float tensors on the CPU.
#include "fused.h"
#include "simd.h"

#include <cstdint>
#include <vector>

namespace {

using torch::autograd::variable_list;
using Tensors = std::vector<at::Tensor>;

const float kHalfLogTwoPi = 0.918938533204672741780329736406f;

// ln(1 + z) of z in [0, 1]: the series of 2 artanh(z / (2 + z)).
OFL_INLINE float log_one_plus(float z) {
  const float s = z / (2.0f + z), q = s * s;
  float p = 1.0f / 13;
  p = p * q + 1.0f / 11;
  p = p * q + 1.0f / 9;
  p = p * q + 1.0f / 7;
  p = p * q + 1.0f / 5;
  p = p * q + 1.0f / 3;
  return 2.0f * s * (p * q + 1.0f);
}

OFL_INLINE float softplus_of(float x) {
  const float most = x < 0.0f ? 0.0f : x;
  return most + log_one_plus(ofl::exp_of(-std::fabs(x)));
}

// One operator: a is what it reads, d what its gradient writes (null where nobody asks).
struct Kind {
  const char* name;
  int32_t inputs;
  bool sums;  // one number a row, or one for each that it reads
  void (*forward)(const float* const* a, float* y, int64_t rows, int64_t width, float low, float high);
  void (*backward)(const float* const* a, const float* y, const float* g, float* const* d, int64_t rows, int64_t width, float low, float high);
  at::Tensor (*recorded)(const Tensors& a, double low, double high);
};

// ---- low to high, softly: m + h tanh((x - m) / h) ----

OFL_VECTORISED void limit(const float* const* a, float* __restrict y, int64_t rows, int64_t width, float low, float high) {
  const float* __restrict x = a[0];
  const float middle = (low + high) / 2, half = (high - low) / 2;
  for (int64_t i = 0; i < rows * width; ++i) y[i] = ofl::tanh_of((x[i] - middle) / half) * half + middle;
}

OFL_VECTORISED void limit_backward(const float* const*, const float* __restrict y, const float* __restrict g, float* const* d, int64_t rows, int64_t width,
                                   float low, float high) {
  float* __restrict d_x = d[0];
  const float middle = (low + high) / 2, half = (high - low) / 2;
  for (int64_t i = 0; i < rows * width; ++i) {
    const float t = (y[i] - middle) / half;
    d_x[i] = g[i] * (1.0f - t * t);
  }
}

at::Tensor limit_recorded(const Tensors& a, double low, double high) {
  const double middle = (low + high) / 2, half = (high - low) / 2;
  return at::tanh((a[0] - middle) / half) * half + middle;
}

// ---- mean + noise e^l ----

OFL_VECTORISED void displace(const float* const* a, float* __restrict y, int64_t rows, int64_t width, float, float) {
  const float *__restrict mean = a[0], *__restrict log = a[1], *__restrict noise = a[2];
  for (int64_t i = 0; i < rows * width; ++i) y[i] = mean[i] + noise[i] * ofl::exp_of(log[i]);
}

OFL_VECTORISED void displace_backward(const float* const* a, const float*, const float* __restrict g, float* const* d, int64_t rows, int64_t width, float, float) {
  const float *__restrict log = a[1], *__restrict noise = a[2];
  if (float* __restrict d_mean = d[0]) {
    for (int64_t i = 0; i < rows * width; ++i) d_mean[i] = g[i];
  }
  if (float* __restrict d_log = d[1]) {
    for (int64_t i = 0; i < rows * width; ++i) d_log[i] = g[i] * noise[i] * ofl::exp_of(log[i]);
  }
  if (float* __restrict d_noise = d[2]) {
    for (int64_t i = 0; i < rows * width; ++i) d_noise[i] = g[i] * ofl::exp_of(log[i]);
  }
}

at::Tensor displace_recorded(const Tensors& a, double, double) { return a[0] + a[2] * at::exp(a[1]); }

// ---- ln N(x; mean, e^l) ----

OFL_VECTORISED void normal(const float* const* a, float* __restrict y, int64_t rows, int64_t width, float, float) {
  const float *x = a[0], *mean = a[1], *log = a[2];
  for (int64_t row = 0; row < rows; ++row, x += width, mean += width, log += width) {
    y[row] = ofl::sum_of(width, [x, mean, log](int64_t i) {
      const float z = (x[i] - mean[i]) * ofl::exp_of(-log[i]);
      return -0.5f * z * z - log[i];
    }) - kHalfLogTwoPi * width;
  }
}

OFL_VECTORISED void normal_backward(const float* const* a, const float*, const float* g, float* const* d, int64_t rows, int64_t width, float, float) {
  const float *__restrict x = a[0], *__restrict mean = a[1], *__restrict log = a[2];
  float *__restrict d_x = d[0], *__restrict d_mean = d[1], *__restrict d_log = d[2];
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = row * width; i < (row + 1) * width; ++i) {
      const float inverse = ofl::exp_of(-log[i]), z = (x[i] - mean[i]) * inverse;
      if (d_x != nullptr) d_x[i] = -g[row] * z * inverse;
      if (d_mean != nullptr) d_mean[i] = g[row] * z * inverse;
      if (d_log != nullptr) d_log[i] = g[row] * (z * z - 1.0f);
    }
  }
}

at::Tensor normal_recorded(const Tensors& a, double, double) {
  return (at::square((a[0] - a[1]) * at::exp(-a[2])) * -0.5 - a[2]).sum(-1) - static_cast<double>(kHalfLogTwoPi) * a[0].size(-1);
}

// ---- x ln p + (1 - x) ln(1 - p), p the logistic function of l ----

OFL_VECTORISED void bernoulli(const float* const* a, float* __restrict y, int64_t rows, int64_t width, float, float) {
  const float *x = a[0], *logit = a[1];
  for (int64_t row = 0; row < rows; ++row, x += width, logit += width) {
    y[row] = ofl::sum_of(width, [x, logit](int64_t i) { return x[i] * logit[i] - softplus_of(logit[i]); });
  }
}

OFL_VECTORISED void bernoulli_backward(const float* const* a, const float*, const float* g, float* const* d, int64_t rows, int64_t width, float, float) {
  const float *__restrict x = a[0], *__restrict logit = a[1];
  float *__restrict d_x = d[0], *__restrict d_logit = d[1];
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = row * width; i < (row + 1) * width; ++i) {
      if (d_x != nullptr) d_x[i] = g[row] * logit[i];
      if (d_logit != nullptr) d_logit[i] = g[row] * (x[i] - ofl::sigmoid_of(logit[i]));
    }
  }
}

at::Tensor bernoulli_recorded(const Tensors& a, double, double) { return (a[0] * a[1] - at::softplus(a[1])).sum(-1); }

// ---- KL(N(mean, e^l), N(0, 1)) ----

OFL_VECTORISED void divergence(const float* const* a, float* __restrict y, int64_t rows, int64_t width, float, float) {
  const float *mean = a[0], *log = a[1];
  for (int64_t row = 0; row < rows; ++row, mean += width, log += width) {
    y[row] = ofl::sum_of(width, [mean, log](int64_t i) {
      const float deviation = ofl::exp_of(log[i]);
      return 0.5f * (mean[i] * mean[i] + deviation * deviation - 1.0f) - log[i];
    });
  }
}

OFL_VECTORISED void divergence_backward(const float* const* a, const float*, const float* g, float* const* d, int64_t rows, int64_t width, float, float) {
  const float *__restrict mean = a[0], *__restrict log = a[1];
  float *__restrict d_mean = d[0], *__restrict d_log = d[1];
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = row * width; i < (row + 1) * width; ++i) {
      const float deviation = ofl::exp_of(log[i]);
      if (d_mean != nullptr) d_mean[i] = g[row] * mean[i];
      if (d_log != nullptr) d_log[i] = g[row] * (deviation * deviation - 1.0f);
    }
  }
}

at::Tensor divergence_recorded(const Tensors& a, double, double) {
  return ((at::square(a[0]) + at::exp(a[1] * 2) - 1) * 0.5 - a[1]).sum(-1);
}

// Numbered as in Extras/TorchExtras.Rows.cs.
const Kind kKinds[] = {
    {"Limit", 1, false, limit, limit_backward, limit_recorded},
    {"Displace", 3, false, displace, displace_backward, displace_recorded},
    {"Normal", 3, true, normal, normal_backward, normal_recorded},
    {"Bernoulli", 2, true, bernoulli, bernoulli_backward, bernoulli_recorded},
    {"Divergence", 2, true, divergence, divergence_backward, divergence_recorded},
};

constexpr int32_t kMostInputs = 3;

// kept: the result.
struct RowsBackward : public ofl::FusedNode {
  const Kind* kind = nullptr;
  double low = 0, high = 0;

  std::string name() const override { return std::string(kind->name) + "Backward"; }

  at::Tensor recorded(const Tensors& inputs) override { return kind->recorded(inputs, low, high); }

  void gradients(const Tensors& inputs, const at::Tensor& upstream, variable_list& results) override {
    Tensors whole;
    const float* read[kMostInputs] = {};
    float* written[kMostInputs] = {};
    for (int32_t k = 0; k < kind->inputs; ++k) {
      whole.push_back(inputs[k].contiguous());
      read[k] = ofl::floats(whole[k]);
      written[k] = ofl::floats(fresh_for(k, whole[k], results));
    }
    const int64_t width = whole[0].size(-1), rows = width == 0 ? 0 : whole[0].numel() / width;
    kind->backward(read, ofl::floats(kept[0]), ofl::floats(upstream), written, rows, width, static_cast<float>(low), static_cast<float>(high));
  }
};

at::Tensor rows_of(const Kind& kind, const Tensors& inputs, double low, double high) {
  Tensors whole;
  const float* read[kMostInputs] = {};
  for (int32_t k = 0; k < kind.inputs; ++k) {
    const at::Tensor& t = inputs[k];
    TORCH_CHECK(t.is_cpu() && t.scalar_type() == at::kFloat && t.dim() >= 1 && t.sizes() == inputs[0].sizes(), "input ", k, " has shape ", t.sizes(),
                ", expected float rows on the CPU of shape ", inputs[0].sizes());
    whole.push_back(t.contiguous());
    read[k] = ofl::floats(whole[k]);
  }
  const auto sizes = whole[0].sizes();
  const int64_t width = sizes.back(), rows = width == 0 ? 0 : whole[0].numel() / width;
  at::Tensor result = kind.sums ? at::zeros(sizes.slice(0, sizes.size() - 1), whole[0].options()) : at::empty(sizes, whole[0].options());
  kind.forward(read, ofl::floats(result), rows, width, static_cast<float>(low), static_cast<float>(high));
  if (!ofl::wants_graph(inputs)) return result;
  auto node = ofl::make_node<RowsBackward>();
  node->kind = &kind;
  node->low = low;
  node->high = high;
  node->kept = {result.detach()};
  ofl::record(node, inputs, result);
  return result;
}

}  // namespace

OFL_EXPORT ofl::Handle ofl_rows(int32_t kind, const ofl::Handle* inputs, double low, double high, int64_t* bytes) {
  return ofl::fused(bytes, [&] {
    const Kind& found = kKinds[kind];
    Tensors tensors;
    for (int32_t k = 0; k < found.inputs; ++k) tensors.push_back(ofl::borrow(inputs[k]));
    return rows_of(found, tensors, low, high);
  });
}
