// A stack of dense layers as one autograd node. Forward and backward are matrix products into buffers of their own with
// the bias and activation work fused around them; gradients of leaf weights are added to .grad in place.
#include "dense.h"
#include "fused.h"
#include "simd.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

namespace {

using ofl::plain_floats;
using torch::autograd::Node;
using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

enum Activation : int32_t { kLinear = 0, kRelu = 1, kTanhAct = 2 };

OFL_VECTORISED void add_bias(float* __restrict y, const float* __restrict bias, int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; ++r, y += columns) {
    for (int64_t c = 0; c < columns; ++c) y[c] += bias[c];
  }
}

OFL_VECTORISED void add_bias_relu(float* __restrict y, const float* __restrict bias, int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; ++r, y += columns) {
    for (int64_t c = 0; c < columns; ++c) {
      const float sum = y[c] + bias[c];
      // NaN passes, as through at::relu.
      y[c] = sum < 0.0f ? 0.0f : sum;
    }
  }
}

OFL_VECTORISED void mask_relu(float* __restrict g, const float* __restrict h, int64_t count) {
  for (int64_t i = 0; i < count; ++i) g[i] = h[i] <= 0.0f ? 0.0f : g[i];
}

OFL_VECTORISED void add_rows(float* __restrict sum, const float* __restrict g, int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; ++r, g += columns) {
    for (int64_t c = 0; c < columns; ++c) sum[c] += g[c];
  }
}

// y [rows, columns] = transposed [columns, rows] with the axes exchanged, a tile at a time.
OFL_VECTORISED void exchange_axes(float* __restrict y, const float* __restrict transposed, int64_t rows, int64_t columns) {
  constexpr int64_t kTile = 16;
  for (int64_t c0 = 0; c0 < columns; c0 += kTile) {
    const int64_t c1 = c0 + kTile < columns ? c0 + kTile : columns;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = c0; c < c1; ++c) y[r * columns + c] = transposed[c * rows + r];
    }
  }
}

// y = x W^T. With few rows and many inputs, as after convolutions, OpenBLAS spends most of the time on laying out W; as the
// second factor, in (x W^T)^T = W x^T by columns, it takes a third less.
void multiply(at::Tensor& y, const at::Tensor& x, const at::Tensor& weight) {
  constexpr int64_t kFewRows = 64, kManyInputs = 512;
  if (x.size(0) > 1 && x.size(0) <= kFewRows && x.size(1) >= kManyInputs && plain_floats(x) && plain_floats(weight)) {
    at::Tensor transposed = at::empty({weight.size(0), x.size(0)}, x.options());
    at::mm_out(transposed, weight, x.t());
    exchange_axes(y.data_ptr<float>(), transposed.data_ptr<float>(), y.size(0), y.size(1));
  } else {
    at::mm_out(y, x, weight.t());
  }
}

OFL_VECTORISED void tanh_in_place(float* __restrict y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] = ofl::tanh_of(y[i]);
}

// Memory of this thread for laid-out weights, kept from call to call.
float* layout_memory(int64_t count) {
  thread_local std::vector<float> memory;
  if (static_cast<int64_t>(memory.size()) < count) memory.resize(count);
  return memory.data();
}

// Rows that go through all layers before the next, so that what lies between two layers stays in the cache.
constexpr int64_t kTileRows = 64;

// All layers on rows of x [B, in], a tile of rows at a time; results [B, out_k] of each layer, of which the inner ones may be undefined: not kept.
void stack_forward(const at::Tensor& x, const std::vector<at::Tensor>& tensors, int32_t activation, int32_t output_activation, std::vector<at::Tensor>& results) {
  const int64_t layers = static_cast<int64_t>(results.size()), rows = x.size(0);
  std::vector<int64_t> starts(layers + 1, 0), widths(layers);
  int64_t widest = 0;
  for (int64_t k = 0; k < layers; ++k) {
    widths[k] = tensors[2 * k].size(0);
    starts[k + 1] = starts[k] + ofl::dense_packed_size(tensors[2 * k].size(1), widths[k]);
    widest = std::max(widest, widths[k]);
  }
  float* packed = layout_memory(starts[layers]);
  for (int64_t k = 0; k < layers; ++k) ofl::dense_pack(ofl::floats(tensors[2 * k]), tensors[2 * k].size(1), widths[k], packed + starts[k]);
  at::parallel_for(0, (rows + kTileRows - 1) / kTileRows, 1, [&](int64_t begin, int64_t end) {
    thread_local std::vector<float> between;
    if (static_cast<int64_t>(between.size()) < 2 * kTileRows * widest) between.resize(2 * kTileRows * widest);
    for (int64_t tile = begin; tile < end; ++tile) {
      const int64_t first = tile * kTileRows, count = std::min(kTileRows, rows - first);
      int64_t inputs = x.size(1);
      const float* from = x.data_ptr<float>() + first * inputs;
      for (int64_t k = 0; k < layers; ++k) {
        const int32_t act = k + 1 == layers ? output_activation : activation;
        float* to = results[k].defined() ? results[k].data_ptr<float>() + first * widths[k] : between.data() + (k % 2) * kTileRows * widest;
        ofl::dense(from, count, inputs, packed + starts[k], widths[k], act == kRelu ? ofl::After::kBiasRelu : ofl::After::kBias, ofl::floats(tensors[2 * k + 1]), to);
        if (act == kTanhAct) tanh_in_place(to, count * widths[k]);
        from = to;
        inputs = widths[k];
      }
    }
  });
}

bool are_floats(const at::Tensor& x, const std::vector<at::Tensor>& tensors) {
  return x.is_cpu() && x.scalar_type() == at::kFloat && std::all_of(tensors.begin(), tensors.end(), plain_floats);
}

// activation(x W^T + b) for x [B, in], outside autograd.
at::Tensor layer_forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int32_t activation) {
  at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options());
  multiply(y, x, weight);
  if (plain_floats(y) && plain_floats(bias)) {
    auto* kernel = activation == kRelu ? add_bias_relu : add_bias;
    kernel(y.data_ptr<float>(), bias.data_ptr<float>(), y.size(0), y.size(1));
    if (activation == kTanhAct) y.tanh_();
    return y;
  }
  y.add_(bias);
  if (activation == kRelu) y.relu_();
  if (activation == kTanhAct) y.tanh_();
  return y;
}

// grad with respect to what went into the activation, given its output; works in place on a buffer that is ours.
void activation_backward_(at::Tensor& grad, const at::Tensor& output, int32_t activation) {
  if (activation == kRelu) {
    if (plain_floats(grad) && plain_floats(output)) {
      mask_relu(grad.data_ptr<float>(), output.data_ptr<float>(), grad.numel());
    } else {
      grad = at::threshold_backward(grad, output, 0);
    }
  } else if (activation == kTanhAct) {
    grad = at::tanh_backward(grad, output);
  }
}

struct MlpBackward : public Node {
  SavedVariable input;
  std::vector<SavedVariable> layers;  // W0, b0, W1, b1, ...
  std::vector<at::Tensor> hidden;     // outputs of all layers but the last, [B, out_k]
  SavedVariable output;               // of the last layer, where its activation's gradient needs it
  int32_t activation = kLinear;
  int32_t output_activation = kLinear;

  std::string name() const override { return "MlpBackward"; }

  void release_variables() override {
    std::lock_guard<std::mutex> lock(mutex_);
    input.reset_data();
    for (auto& saved : layers) saved.reset_data();
    hidden.clear();
    output.reset_data();
  }

  variable_list apply(variable_list&& grads) override {
    std::lock_guard<std::mutex> lock(mutex_);
    variable_list results(1 + layers.size());
    if (!grads[0].defined()) return results;
    at::Tensor x = input.unpack();
    std::vector<at::Tensor> tensors;
    tensors.reserve(layers.size());
    for (auto& saved : layers) tensors.push_back(saved.unpack());
    if (c10::GradMode::is_enabled()) {
      differentiable(x, tensors, grads[0], results);
    } else {
      fused(x, tensors, grads[0], results);
    }
    return results;
  }

  void fused(const at::Tensor& x, const std::vector<at::Tensor>& tensors, const at::Tensor& upstream, variable_list& results) {
    at::AutoDispatchBelowADInplaceOrView below;
    const int64_t count = static_cast<int64_t>(tensors.size() / 2);
    const at::Tensor flat = x.dim() == 2 ? x : x.reshape({-1, x.size(-1)});
    at::Tensor grad = upstream.reshape({-1, tensors.back().size(0)});
    if (output_activation != kLinear) {
      grad = grad.clone(at::MemoryFormat::Contiguous);
      activation_backward_(grad, output.unpack(shared_from_this()).reshape(grad.sizes()), output_activation);
    } else {
      grad = grad.contiguous();
    }
    for (int64_t k = count - 1; k >= 0; --k) {
      const at::Tensor& before = k > 0 ? hidden[k - 1] : flat;
      weight_gradient(1 + 2 * k, grad, before, results);
      bias_gradient(2 + 2 * k, grad, results);
      if (!needed_below(k)) return;
      grad = through_layer(grad, tensors[2 * k], k > 0 ? hidden[k - 1] : at::Tensor());
    }
    results[0] = grad.reshape(x.sizes());
  }

  // grad W, and back through the activation before, whose output is given; undefined: there is none.
  at::Tensor through_layer(const at::Tensor& grad, const at::Tensor& weight, const at::Tensor& before) {
    at::Tensor next = at::empty({grad.size(0), weight.size(1)}, grad.options());
    const bool fits = ofl::dense_fits(grad.size(0)) && plain_floats(grad) && plain_floats(weight);
    const bool masks = fits && activation == kRelu && before.defined() && plain_floats(before);
    if (fits) {
      float* packed = layout_memory(ofl::dense_packed_size(weight.size(0), weight.size(1)));
      ofl::dense_pack_plain(ofl::floats(weight), weight.size(0), weight.size(1), packed);
      at::parallel_for(0, (grad.size(0) + kTileRows - 1) / kTileRows, 1, [&](int64_t begin, int64_t end) {
        const int64_t first = begin * kTileRows, count = std::min(end * kTileRows, grad.size(0)) - first;
        ofl::dense(ofl::floats(grad) + first * weight.size(0), count, weight.size(0), packed, weight.size(1), masks ? ofl::After::kMask : ofl::After::kNothing,
                   masks ? ofl::floats(before) + first * weight.size(1) : nullptr, ofl::floats(next) + first * weight.size(1));
      });
    } else {
      at::mm_out(next, grad, weight);
    }
    if (before.defined() && !masks) activation_backward_(next, before, activation);
    return next;
  }

  // Whether the input or any parameter of a layer before the k-th wants a gradient.
  bool needed_below(int64_t k) {
    for (int64_t position = 0; position < 1 + 2 * k; ++position) {
      if (task_should_compute_output(position)) return true;
    }
    return false;
  }

  void weight_gradient(int64_t position, const at::Tensor& grad, const at::Tensor& before, variable_list& results) {
    if (!task_should_compute_output(position)) return;
    at::Tensor into = ofl::leaf_gradient(*this, position);
    if (into.defined()) {
      at::addmm_out(into, into, grad.t(), before);
    } else {
      results[position] = at::mm(grad.t(), before);
    }
  }

  void bias_gradient(int64_t position, const at::Tensor& grad, variable_list& results) {
    if (!task_should_compute_output(position)) return;
    at::Tensor into = ofl::leaf_gradient(*this, position);
    if (into.defined() && plain_floats(into) && plain_floats(grad)) {
      add_rows(into.data_ptr<float>(), grad.data_ptr<float>(), grad.size(0), grad.size(1));
    } else if (into.defined()) {
      into.add_(grad.sum(0));
    } else {
      results[position] = grad.sum(0);
    }
  }

  // For gradients of gradients: the same stack in recorded operators, differentiated by autograd itself.
  void differentiable(const at::Tensor& x, const std::vector<at::Tensor>& tensors, const at::Tensor& upstream, variable_list& results) {
    at::Tensor y = x;
    for (size_t k = 0; k < tensors.size(); k += 2) {
      y = at::linear(y, tensors[k], tensors[k + 1]);
      const int32_t act = k + 2 == tensors.size() ? output_activation : activation;
      if (act == kRelu) y = at::relu(y);
      if (act == kTanhAct) y = at::tanh(y);
    }
    std::vector<at::Tensor> inputs{x};
    inputs.insert(inputs.end(), tensors.begin(), tensors.end());
    ofl::differentiate(*this, y, inputs, upstream, results);
  }
};

void check_layers(const at::Tensor& input, const std::vector<at::Tensor>& tensors) {
  TORCH_CHECK(input.dim() >= 1, "the input must have at least one axis");
  int64_t width = input.size(-1);
  for (size_t k = 0; k < tensors.size(); k += 2) {
    const auto& weight = tensors[k];
    const auto& bias = tensors[k + 1];
    TORCH_CHECK(weight.dim() == 2 && weight.size(1) == width, "weight ", k / 2, " has shape ", weight.sizes(), ", expected [*, ", width, "]");
    TORCH_CHECK(bias.dim() == 1 && bias.size(0) == weight.size(0), "bias ", k / 2, " has shape ", bias.sizes(), ", expected [", weight.size(0), "]");
    width = weight.size(0);
  }
}

at::Tensor mlp(const at::Tensor& input, const std::vector<at::Tensor>& tensors, int32_t activation, int32_t output_activation) {
  check_layers(input, tensors);
  const bool record = ofl::wants_graph(tensors) || ofl::wants_graph({input});
  std::vector<at::Tensor> hidden;
  at::Tensor result;
  {
    at::AutoDispatchBelowADInplaceOrView below;
    at::Tensor x = input.dim() == 2 ? input : input.reshape({-1, input.size(-1)});
    if (ofl::dense_fits(x.size(0)) && are_floats(x, tensors)) {
      x = x.contiguous();
      std::vector<at::Tensor> results(tensors.size() / 2);
      for (size_t k = 0; k < results.size(); ++k) {
        if (record || k + 1 == results.size()) results[k] = at::empty({x.size(0), tensors[2 * k].size(0)}, x.options());
      }
      stack_forward(x, tensors, activation, output_activation, results);
      result = std::move(results.back());
      results.pop_back();
      if (record) hidden = std::move(results);
    } else {
      for (size_t k = 0; k + 2 < tensors.size(); k += 2) {
        x = layer_forward(x, tensors[k], tensors[k + 1], activation);
        if (record) hidden.push_back(x);
      }
      result = layer_forward(x, tensors[tensors.size() - 2], tensors.back(), output_activation);
    }
    if (input.dim() != 2) {
      auto sizes = input.sizes().vec();
      sizes.back() = result.size(1);
      result = result.view(sizes);
    }
  }
  if (!record) return result;
  auto node = ofl::make_node<MlpBackward>();
  torch::autograd::edge_list edges;
  edges.reserve(1 + tensors.size());
  edges.push_back(torch::autograd::impl::gradient_edge(input));
  for (const auto& tensor : tensors) edges.push_back(torch::autograd::impl::gradient_edge(tensor));
  node->set_next_edges(std::move(edges));
  node->activation = activation;
  node->output_activation = output_activation;
  node->hidden = std::move(hidden);
  node->input = SavedVariable(input, false);
  node->layers.reserve(tensors.size());
  for (const auto& tensor : tensors) node->layers.emplace_back(tensor, false);
  torch::autograd::set_history(result, node);
  if (output_activation != kLinear) node->output = SavedVariable(result, true);
  return result;
}

}  // namespace

// layers: W0, b0, W1, b1, ... of count layers.
OFL_EXPORT ofl::Handle ofl_mlp(ofl::Handle input, const ofl::Handle* layers, int32_t count, int32_t activation,
                               int32_t output_activation, int64_t* bytes) {
  return ofl::guard<ofl::Handle>(nullptr, [&] {
    std::vector<at::Tensor> tensors;
    tensors.reserve(2 * count);
    for (int32_t k = 0; k < 2 * count; ++k) tensors.push_back(ofl::borrow(layers[k]));
    at::Tensor result = mlp(ofl::borrow(input), tensors, activation, output_activation);
    *bytes = ofl::owned_bytes(result);
    return ofl::give(std::move(result));
  });
}
