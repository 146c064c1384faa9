// What a recurrent state-space model does between its matrix products, each as one pass over the rows with one autograd
// node: the gates of its memory, the draw of its categorical latents, and its two-hot heads. Float tensors on the CPU.
#include "fused.h"
#include "simd.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace {

using torch::autograd::variable_list;
using Tensors = std::vector<at::Tensor>;

constexpr float kNormEps = 1e-3f;

void check_floats(const at::Tensor& t, const char* what) {
  TORCH_CHECK(t.defined() && t.is_cpu() && t.scalar_type() == at::kFloat, what, " must be a float tensor on the CPU");
}

// ---- gates ----

// Of one row: mean and reciprocal deviation.
OFL_INLINE void row_moments(const float* __restrict x, int64_t count, float* moments) {
  const float mean = ofl::sum_of(count, [x](int64_t i) { return x[i]; }) / count;
  const float variance = ofl::sum_of(count, [x, mean](int64_t i) { return (x[i] - mean) * (x[i] - mean); }) / count;
  moments[0] = mean;
  moments[1] = 1.0f / std::sqrt(variance + kNormEps);
}

// sums [rows, 3 h] to memories; gates [rows, 3 h] (reset, candidate, update) and moments [rows, 2] are left for the
// gradient. With keep false both are one row, written over.
OFL_VECTORISED void gates_forward(const float* __restrict sums, const float* __restrict memory, const float* __restrict scale,
                                  const float* __restrict shift, float* __restrict next, float* __restrict gates,
                                  float* __restrict moments, bool keep, int64_t rows, int64_t h) {
  for (int64_t row = 0; row < rows; ++row, sums += 3 * h, memory += h, next += h) {
    if (scale != nullptr) {
      row_moments(sums, 3 * h, moments);
      const float mean = moments[0], inverse = moments[1];
      for (int64_t i = 0; i < 3 * h; ++i) gates[i] = (sums[i] - mean) * inverse * scale[i] + shift[i];
    } else {
      for (int64_t i = 0; i < 3 * h; ++i) gates[i] = sums[i];
    }
    for (int64_t i = 0; i < h; ++i) {
      const float reset = ofl::sigmoid_of(gates[i]);
      const float candidate = ofl::tanh_of(reset * gates[h + i]);
      const float update = ofl::sigmoid_of(gates[2 * h + i] - 1.0f);
      gates[i] = reset;
      gates[h + i] = candidate;
      gates[2 * h + i] = update;
      next[i] = memory[i] + update * (candidate - memory[i]);
    }
    if (keep) {
      gates += 3 * h;
      moments += 2;
    }
  }
}

// d_memory, d_scale and d_shift may be null; the latter two are added to. d_sums is written, through what the norm read.
OFL_VECTORISED void gates_backward(const float* __restrict upstream, const float* __restrict sums, const float* __restrict memory,
                                   const float* __restrict scale, const float* __restrict shift, const float* __restrict gates,
                                   const float* __restrict moments, float* __restrict d_sums, float* __restrict d_memory,
                                   float* __restrict d_scale, float* __restrict d_shift, int64_t rows, int64_t h) {
  for (int64_t row = 0; row < rows; ++row) {
    const float* reset = gates;
    const float* candidate = gates + h;
    const float* update = gates + 2 * h;
    const float mean = scale != nullptr ? moments[0] : 0.0f, inverse = scale != nullptr ? moments[1] : 1.0f;
    for (int64_t i = 0; i < h; ++i) {
      const float g = upstream[i], u = update[i], c = candidate[i], r = reset[i];
      const float normed = (sums[h + i] - mean) * inverse;
      const float sum = scale != nullptr ? normed * scale[h + i] + shift[h + i] : normed;
      const float d_product = g * u * (1.0f - c * c);
      d_sums[i] = d_product * sum * r * (1.0f - r);
      d_sums[h + i] = d_product * r;
      d_sums[2 * h + i] = g * (c - memory[i]) * u * (1.0f - u);
    }
    if (d_memory != nullptr) {
      for (int64_t i = 0; i < h; ++i) d_memory[i] = upstream[i] * (1.0f - update[i]);
      d_memory += h;
    }
    if (d_shift != nullptr) {
      for (int64_t i = 0; i < 3 * h; ++i) d_shift[i] += d_sums[i];
    }
    if (d_scale != nullptr) {
      for (int64_t i = 0; i < 3 * h; ++i) d_scale[i] += d_sums[i] * (sums[i] - mean) * inverse;
    }
    if (scale != nullptr) {
      for (int64_t i = 0; i < 3 * h; ++i) d_sums[i] *= scale[i];
      const float* d = d_sums;
      const float along = ofl::sum_of(3 * h, [d](int64_t i) { return d[i]; }) / (3 * h);
      const float across = ofl::sum_of(3 * h, [d, sums, mean, inverse](int64_t i) { return d[i] * (sums[i] - mean) * inverse; }) / (3 * h);
      for (int64_t i = 0; i < 3 * h; ++i) d_sums[i] = inverse * (d_sums[i] - along - (sums[i] - mean) * inverse * across);
    }
    upstream += h, memory += h, sums += 3 * h, gates += 3 * h, moments += 2, d_sums += 3 * h;
  }
}

// Inputs: sums, memory, scale, shift.
struct GatesBackward : public ofl::FusedNode {
  std::string name() const override { return "GatesBackward"; }

  at::Tensor recorded(const Tensors& inputs) override {
    const int64_t h = inputs[1].size(-1);
    at::Tensor sums = inputs[0];
    if (inputs[2].defined()) sums = at::layer_norm(sums, {3 * h}, inputs[2], inputs[3], kNormEps);
    const at::Tensor candidate = at::tanh(at::sigmoid(sums.narrow(-1, 0, h)) * sums.narrow(-1, h, h));
    return inputs[1] + at::sigmoid(sums.narrow(-1, 2 * h, h) - 1) * (candidate - inputs[1]);
  }

  void gradients(const Tensors& inputs, const at::Tensor& upstream, variable_list& results) override {
    const at::Tensor sums = inputs[0].contiguous(), memory = inputs[1].contiguous();
    const at::Tensor d_sums = at::empty_like(sums);
    const at::Tensor d_memory = fresh_for(1, memory, results);
    const at::Tensor d_scale = sum_for(2, inputs[2], results), d_shift = sum_for(3, inputs[3], results);
    const int64_t h = memory.size(-1);
    gates_backward(ofl::floats(upstream), ofl::floats(sums), ofl::floats(memory), ofl::floats(inputs[2]), ofl::floats(inputs[3]),
                   ofl::floats(kept[0]), ofl::floats(kept[1]), ofl::floats(d_sums), ofl::floats(d_memory), ofl::floats(d_scale),
                   ofl::floats(d_shift), memory.numel() / h, h);
    if (task_should_compute_output(0)) results[0] = d_sums;
  }
};

at::Tensor gates(const Tensors& inputs) {
  const at::Tensor sums = inputs[0].contiguous(), memory = inputs[1].contiguous();
  const int64_t h = memory.size(-1);
  check_floats(sums, "sums");
  check_floats(memory, "the memory");
  TORCH_CHECK(sums.dim() == memory.dim() && sums.size(-1) == 3 * h && sums.numel() == 3 * memory.numel(), "sums of shape ", sums.sizes(),
              " do not fit a memory of shape ", memory.sizes(), ": expected three numbers for each of its own");
  for (size_t k = 2; k < 4 && inputs[2].defined(); ++k) {
    TORCH_CHECK(inputs[k].defined() && ofl::plain_floats(inputs[k]) && inputs[k].numel() == 3 * h, "scale and shift must be ", 3 * h, " contiguous floats each");
  }
  const bool keep = ofl::wants_graph(inputs);
  const int64_t rows = memory.numel() / h;
  at::Tensor result = at::empty_like(memory);
  at::Tensor kept = at::empty({keep ? rows : 1, 3 * h}, memory.options()), moments = at::empty({keep ? rows : 1, 2}, memory.options());
  gates_forward(ofl::floats(sums), ofl::floats(memory), ofl::floats(inputs[2]), ofl::floats(inputs[3]), ofl::floats(result), ofl::floats(kept),
                ofl::floats(moments), keep, rows, h);
  if (!keep) return result;
  auto node = ofl::make_node<GatesBackward>();
  node->kept = {kept, moments};
  ofl::record(node, inputs, result);
  return result;
}

// ---- categorical draws ----

// softmax of each group of heads, and the class whose clock comes first (the likeliest without clocks) as a one-hot group.
OFL_VECTORISED void draw_forward(const float* __restrict heads, const float* __restrict clocks, float* __restrict p, float* __restrict drawn,
                                 int64_t width, int64_t rows, int64_t classes, float share) {
  const float floor = share / classes;
  for (int64_t row = 0; row < rows; ++row, heads += width, p += width, drawn += width) {
    for (int64_t g = 0; g < width; g += classes) {
      float most = heads[g];
      for (int64_t k = 1; k < classes; ++k) most = heads[g + k] > most ? heads[g + k] : most;
      for (int64_t k = 0; k < classes; ++k) p[g + k] = heads[g + k] - most;
    }
    for (int64_t i = 0; i < width; ++i) p[i] = ofl::exp_of(p[i]);
    for (int64_t g = 0; g < width; g += classes) {
      float sum = 0;
      for (int64_t k = 0; k < classes; ++k) sum += p[g + k];
      for (int64_t k = 0; k < classes; ++k) p[g + k] = p[g + k] / sum * (1.0f - share) + floor;
    }
    if (clocks != nullptr) {
      for (int64_t i = 0; i < width; ++i) drawn[i] = p[i] / (clocks[i] < 1e-30f ? 1e-30f : clocks[i]);
      clocks += width;
    } else {
      for (int64_t i = 0; i < width; ++i) drawn[i] = p[i];
    }
    for (int64_t g = 0; g < width; g += classes) {
      int64_t first = 0;
      for (int64_t k = 1; k < classes; ++k) first = drawn[g + k] > drawn[g + first] ? k : first;
      // What is not a number stays none.
      for (int64_t k = 0; k < classes; ++k) drawn[g + k] = p[g + k] - p[g + k];
      drawn[g + first] += 1.0f;
    }
  }
}

// p has a share of the uniform distribution in it.
OFL_VECTORISED void draw_backward(const float* __restrict upstream, const float* __restrict p, float* __restrict d_heads, int64_t groups,
                                  int64_t classes, float share) {
  const float floor = share / classes;
  for (int64_t g = 0; g < groups; ++g, upstream += classes, p += classes, d_heads += classes) {
    float mean = 0;
    for (int64_t k = 0; k < classes; ++k) mean += upstream[k] * (p[k] - floor);
    mean /= 1.0f - share;
    for (int64_t k = 0; k < classes; ++k) d_heads[k] = (p[k] - floor) * (upstream[k] - mean);
  }
}

// Inputs: heads. Straight-through: the gradient of the probabilities.
struct DrawBackward : public ofl::FusedNode {
  int64_t classes = 0;
  double share = 0;

  std::string name() const override { return "DrawBackward"; }

  at::Tensor recorded(const Tensors& inputs) override {
    auto sizes = inputs[0].sizes().vec();
    sizes.back() /= classes;
    sizes.push_back(classes);
    return (at::softmax(inputs[0].reshape(sizes), -1) * (1 - share)).reshape(inputs[0].sizes());
  }

  void gradients(const Tensors& inputs, const at::Tensor& upstream, variable_list& results) override {
    const at::Tensor d_heads = fresh_for(0, inputs[0], results);
    if (d_heads.defined()) {
      draw_backward(ofl::floats(upstream), ofl::floats(kept[0]), ofl::floats(d_heads), upstream.numel() / classes, classes, static_cast<float>(share));
    }
  }
};

at::Tensor draw(const at::Tensor& given, const at::Tensor& clocks, int64_t classes, double share) {
  const at::Tensor heads = given.contiguous();
  check_floats(heads, "heads");
  TORCH_CHECK(heads.dim() >= 1 && classes > 0 && heads.size(-1) % classes == 0, "heads of shape ", heads.sizes(), " are not groups of ", classes, " classes");
  TORCH_CHECK(!clocks.defined() || (ofl::plain_floats(clocks) && clocks.numel() == heads.numel()), "clocks must be ", heads.numel(), " contiguous floats");
  const int64_t width = heads.size(-1);
  at::Tensor p = at::empty_like(heads), result = at::empty_like(heads);
  draw_forward(ofl::floats(heads), ofl::floats(clocks), ofl::floats(p), ofl::floats(result), width, width == 0 ? 0 : heads.numel() / width, classes, static_cast<float>(share));
  if (!ofl::wants_graph({given})) return result;
  auto node = ofl::make_node<DrawBackward>();
  node->classes = classes;
  node->share = share;
  node->kept = {p};
  ofl::record(node, {given}, result);
  return result;
}

// ---- two-hot heads ----

// Largest logit, and the sum of e^(l - largest) that is left in `terms`.
OFL_INLINE float exponentials(const float* __restrict logits, float* __restrict terms, int64_t atoms, float* most) {
  float largest = logits[0];
  for (int64_t i = 1; i < atoms; ++i) largest = logits[i] > largest ? logits[i] : largest;
  for (int64_t i = 0; i < atoms; ++i) terms[i] = ofl::exp_of(logits[i] - largest);
  *most = largest;
  return ofl::sum_of(atoms, [terms](int64_t i) { return terms[i]; });
}

OFL_VECTORISED void two_hot_means(const float* __restrict logits, const float* __restrict places, float* __restrict means, float* __restrict terms,
                                  int64_t rows, int64_t atoms) {
  for (int64_t row = 0; row < rows; ++row, logits += atoms) {
    float most;
    const float sum = exponentials(logits, terms, atoms, &most);
    means[row] = ofl::sum_of(atoms, [terms, places](int64_t i) { return terms[i] * places[i]; }) / sum;
  }
}

OFL_VECTORISED void two_hot_means_backward(const float* __restrict slopes, const float* __restrict logits, const float* __restrict places,
                                           const float* __restrict means, float* __restrict d_logits, int64_t rows, int64_t atoms) {
  for (int64_t row = 0; row < rows; ++row, logits += atoms, d_logits += atoms) {
    float most;
    const float sum = exponentials(logits, d_logits, atoms, &most), slope = slopes[row] / sum, mean = means[row];
    for (int64_t i = 0; i < atoms; ++i) d_logits[i] *= (places[i] - mean) * slope;
  }
}

// Inputs: logits. kept: symlog means, atoms.
struct TwoHotMeanBackward : public ofl::FusedNode {
  std::string name() const override { return "TwoHotMeanBackward"; }

  at::Tensor recorded(const Tensors& inputs) override {
    const at::Tensor mean = at::matmul(at::softmax(inputs[0], -1), kept[1]);
    return at::sign(mean) * at::expm1(at::abs(mean));
  }

  void gradients(const Tensors& inputs, const at::Tensor& upstream, variable_list& results) override {
    const at::Tensor logits = inputs[0].contiguous(), d_logits = fresh_for(0, logits, results);
    if (!d_logits.defined()) return;
    const at::Tensor slopes = upstream * kept[0].abs().exp();
    two_hot_means_backward(ofl::floats(slopes), ofl::floats(logits), ofl::floats(kept[1]), ofl::floats(kept[0]), ofl::floats(d_logits), upstream.numel(), logits.size(-1));
  }
};

at::Tensor two_hot_mean(const at::Tensor& given, double low, double high) {
  const at::Tensor logits = given.contiguous();
  check_floats(logits, "logits");
  TORCH_CHECK(logits.dim() >= 1 && logits.size(-1) >= 2, "logits of shape ", logits.sizes(), " are not of two atoms or more");
  const int64_t atoms = logits.size(-1), rows = logits.numel() / atoms;
  const at::Tensor places = at::linspace(low, high, atoms, logits.options()), terms = at::empty({atoms}, logits.options());
  at::Tensor means = at::empty(logits.sizes().slice(0, logits.dim() - 1), logits.options());
  two_hot_means(ofl::floats(logits), ofl::floats(places), ofl::floats(means), ofl::floats(terms), rows, atoms);
  at::Tensor result = at::sign(means) * at::expm1(at::abs(means));
  if (!ofl::wants_graph({given})) return result;
  auto node = ofl::make_node<TwoHotMeanBackward>();
  node->kept = {means, places};
  ofl::record(node, {given}, result);
  return result;
}

// targets: symlog of what is to be predicted; where: the place of each among the atoms.
OFL_VECTORISED void two_hot_losses(const float* __restrict logits, const float* __restrict where, float* __restrict losses, float* __restrict terms,
                                   int64_t rows, int64_t atoms) {
  for (int64_t row = 0; row < rows; ++row, logits += atoms) {
    float most;
    const float sum = exponentials(logits, terms, atoms, &most);
    const float place = where[row];
    const int64_t lower = place > 0 ? std::min(static_cast<int64_t>(place), atoms - 2) : 0;
    const float upper = place - lower;
    losses[row] = most + std::log(sum) - ((1.0f - upper) * logits[lower] + upper * logits[lower + 1]);
  }
}

OFL_VECTORISED void two_hot_losses_backward(const float* __restrict upstream, const float* __restrict logits, const float* __restrict where,
                                            float* __restrict d_logits, int64_t rows, int64_t atoms) {
  for (int64_t row = 0; row < rows; ++row, logits += atoms, d_logits += atoms) {
    float most;
    const float slope = upstream[row] / exponentials(logits, d_logits, atoms, &most);
    for (int64_t i = 0; i < atoms; ++i) d_logits[i] *= slope;
    const float place = where[row];
    const int64_t lower = place > 0 ? std::min(static_cast<int64_t>(place), atoms - 2) : 0;
    const float upper = place - lower;
    d_logits[lower] -= upstream[row] * (1.0f - upper);
    d_logits[lower + 1] -= upstream[row] * upper;
  }
}

// Inputs: logits. kept: the place of each target among the atoms.
struct TwoHotLossBackward : public ofl::FusedNode {
  std::string name() const override { return "TwoHotLossBackward"; }

  at::Tensor recorded(const Tensors& inputs) override {
    const at::Tensor weights = (1 - (at::arange(inputs[0].size(-1), kept[0].options()) - kept[0].unsqueeze(-1)).abs()).clamp_min(0);
    return -(at::log_softmax(inputs[0], -1) * weights).sum(-1);
  }

  void gradients(const Tensors& inputs, const at::Tensor& upstream, variable_list& results) override {
    const at::Tensor logits = inputs[0].contiguous(), d_logits = fresh_for(0, logits, results);
    if (!d_logits.defined()) return;
    two_hot_losses_backward(ofl::floats(upstream), ofl::floats(logits), ofl::floats(kept[0]), ofl::floats(d_logits), upstream.numel(), logits.size(-1));
  }
};

at::Tensor two_hot_loss(const at::Tensor& given, const at::Tensor& targets, double low, double high) {
  const at::Tensor logits = given.contiguous();
  check_floats(logits, "logits");
  check_floats(targets, "targets");
  TORCH_CHECK(logits.dim() >= 1 && logits.size(-1) >= 2 && targets.sizes() == logits.sizes().slice(0, logits.dim() - 1), "logits of shape ", logits.sizes(),
              " do not fit targets of shape ", targets.sizes());
  const int64_t atoms = logits.size(-1);
  const at::Tensor x = targets.detach();
  const at::Tensor places = ((at::sign(x) * at::log1p(at::abs(x)) - low) * ((atoms - 1) / (high - low))).clamp(0, atoms - 1).contiguous();
  const at::Tensor terms = at::empty({atoms}, logits.options());
  at::Tensor result = at::empty(targets.sizes(), logits.options());
  two_hot_losses(ofl::floats(logits), ofl::floats(places), ofl::floats(result), ofl::floats(terms), targets.numel(), atoms);
  if (!ofl::wants_graph({given})) return result;
  auto node = ofl::make_node<TwoHotLossBackward>();
  node->kept = {places};
  ofl::record(node, {given}, result);
  return result;
}

}  // namespace

// scale and shift: of the norm of the sums; both null without one.
OFL_EXPORT ofl::Handle ofl_gates(ofl::Handle sums, ofl::Handle memory, ofl::Handle scale, ofl::Handle shift, int64_t* bytes) {
  return ofl::fused(bytes, [&] { return gates({ofl::borrow(sums), ofl::borrow(memory), ofl::borrow(scale), ofl::borrow(shift)}); });
}

// clocks: null for the likeliest class of each group.
OFL_EXPORT ofl::Handle ofl_draw(ofl::Handle heads, ofl::Handle clocks, int64_t classes, double share, int64_t* bytes) {
  return ofl::fused(bytes, [&] { return draw(ofl::borrow(heads), ofl::borrow(clocks), classes, share); });
}

OFL_EXPORT ofl::Handle ofl_two_hot_mean(ofl::Handle logits, double low, double high, int64_t* bytes) {
  return ofl::fused(bytes, [&] { return two_hot_mean(ofl::borrow(logits), low, high); });
}

OFL_EXPORT ofl::Handle ofl_two_hot_loss(ofl::Handle logits, ofl::Handle targets, double low, double high, int64_t* bytes) {
  return ofl::fused(bytes, [&] { return two_hot_loss(ofl::borrow(logits), ofl::borrow(targets), low, high); });
}
