// Convolutions with relu as one autograd node, and their gradients as one product for a block of images rather than one an
// image; transposed convolutions both ways. Float tensors on the CPU, without padding.
#include "fused.h"
#include "simd.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

using torch::autograd::variable_list;
using Tensors = std::vector<at::Tensor>;

// What lies on the side of the filters (the smaller one, "sites") and on that of the image.
struct Geometry {
  int64_t images, filters, site_rows, site_columns;
  int64_t channels, rows, columns;
  int64_t height, width, stride;

  int64_t sites() const { return site_rows * site_columns; }
  int64_t pixels() const { return rows * columns; }
  int64_t taps() const { return channels * height * width; }

  // Images of a block: what its columns take stays in the second cache.
  int64_t block() const {
    constexpr int64_t kFloats = 96 * 1024;
    return std::max<int64_t>(1, std::min(images, kFloats / std::max<int64_t>(1, taps() * sites())));
  }
};

// columns [taps, count * sites] of count images [channels, rows, columns].
void to_columns(const Geometry& g, const float* images, int64_t count, float* columns) {
  for (int64_t c = 0; c < g.channels; ++c) {
    for (int64_t ky = 0; ky < g.height; ++ky) {
      for (int64_t kx = 0; kx < g.width; ++kx) {
        for (int64_t n = 0; n < count; ++n) {
          const float* from = images + (n * g.channels + c) * g.pixels() + ky * g.columns + kx;
          for (int64_t y = 0; y < g.site_rows; ++y, columns += g.site_columns, from += g.stride * g.columns) {
            if (g.stride == 1) {
              for (int64_t x = 0; x < g.site_columns; ++x) columns[x] = from[x];
            } else {
              for (int64_t x = 0; x < g.site_columns; ++x) columns[x] = from[x * g.stride];
            }
          }
        }
      }
    }
  }
}

// Adds columns [taps, count * sites] to the pixels that they are of.
void add_columns(const Geometry& g, const float* columns, int64_t count, float* images) {
  for (int64_t c = 0; c < g.channels; ++c) {
    for (int64_t ky = 0; ky < g.height; ++ky) {
      for (int64_t kx = 0; kx < g.width; ++kx) {
        for (int64_t n = 0; n < count; ++n) {
          float* to = images + (n * g.channels + c) * g.pixels() + ky * g.columns + kx;
          for (int64_t y = 0; y < g.site_rows; ++y, columns += g.site_columns, to += g.stride * g.columns) {
            if (g.stride == 1) {
              for (int64_t x = 0; x < g.site_columns; ++x) to[x] += columns[x];
            } else {
              for (int64_t x = 0; x < g.site_columns; ++x) to[x * g.stride] += columns[x];
            }
          }
        }
      }
    }
  }
}

// [count, planes, size] to [planes, count * size], and back.
void planes_outward(const float* from, float* to, int64_t count, int64_t planes, int64_t size) {
  for (int64_t p = 0; p < planes; ++p) {
    for (int64_t n = 0; n < count; ++n, to += size) std::copy_n(from + (n * planes + p) * size, size, to);
  }
}

void planes_inward(const float* from, float* to, int64_t count, int64_t planes, int64_t size) {
  for (int64_t p = 0; p < planes; ++p) {
    for (int64_t n = 0; n < count; ++n, from += size) std::copy_n(from, size, to + (n * planes + p) * size);
  }
}

OFL_VECTORISED void add_bias_to_planes(float* __restrict images, const float* __restrict bias, bool relu, int64_t count, int64_t planes, int64_t size) {
  for (int64_t n = 0; n < count; ++n) {
    for (int64_t p = 0; p < planes; ++p, images += size) {
      const float add = bias[p];
      for (int64_t i = 0; i < size; ++i) {
        const float sum = images[i] + add;
        images[i] = relu && sum < 0.0f ? 0.0f : sum;
      }
    }
  }
}

OFL_VECTORISED void add_plane_sums(const float* __restrict images, float* __restrict sums, int64_t count, int64_t planes, int64_t size) {
  for (int64_t n = 0; n < count; ++n) {
    for (int64_t p = 0; p < planes; ++p, images += size) sums[p] += ofl::sum_of(size, [images](int64_t i) { return images[i]; });
  }
}

// Matrices of one block, made once and used for every block.
struct Buffers {
  at::Tensor columns, planes;

  Buffers(const Geometry& g, const at::TensorOptions& options)
      : columns(at::empty({g.taps() * g.block() * g.sites()}, options)), planes(at::empty({g.filters * g.block() * g.sites()}, options)) {}

  at::Tensor columns_of(const Geometry& g, int64_t count) const { return columns.narrow(0, 0, g.taps() * count * g.sites()).view({g.taps(), count * g.sites()}); }
  at::Tensor planes_of(const Geometry& g, int64_t count) const { return planes.narrow(0, 0, g.filters * count * g.sites()).view({g.filters, count * g.sites()}); }
};

template <class Body>
void each_block(const Geometry& g, Body&& body) {
  const int64_t block = g.block();
  for (int64_t first = 0; first < g.images; first += block) body(first, std::min(block, g.images - first));
}

// ---- from image to filters ----

// filters [images, F, sites] of an image, by weight [F, taps].
void reduce(const Geometry& g, const float* image, const at::Tensor& weight, float* result) {
  const Buffers buffers(g, weight.options());
  each_block(g, [&](int64_t first, int64_t count) {
    at::Tensor columns = buffers.columns_of(g, count), planes = buffers.planes_of(g, count);
    to_columns(g, image + first * g.channels * g.pixels(), count, columns.data_ptr<float>());
    at::mm_out(planes, weight, columns);
    planes_inward(planes.data_ptr<float>(), result + first * g.filters * g.sites(), count, g.filters, g.sites());
  });
}

// The other way, added to the image.
void spread(const Geometry& g, const float* filters, const at::Tensor& weight, float* image) {
  const Buffers buffers(g, weight.options());
  each_block(g, [&](int64_t first, int64_t count) {
    at::Tensor columns = buffers.columns_of(g, count), planes = buffers.planes_of(g, count);
    planes_outward(filters + first * g.filters * g.sites(), planes.data_ptr<float>(), count, g.filters, g.sites());
    at::mm_out(columns, weight.t(), planes);
    add_columns(g, columns.data_ptr<float>(), count, image + first * g.channels * g.pixels());
  });
}

// What links the two, added to the gradient [F, taps].
void correlate(const Geometry& g, const float* filters, const float* image, at::Tensor gradient) {
  const Buffers buffers(g, gradient.options());
  each_block(g, [&](int64_t first, int64_t count) {
    at::Tensor columns = buffers.columns_of(g, count), planes = buffers.planes_of(g, count);
    to_columns(g, image + first * g.channels * g.pixels(), count, columns.data_ptr<float>());
    planes_outward(filters + first * g.filters * g.sites(), planes.data_ptr<float>(), count, g.filters, g.sites());
    at::addmm_out(gradient, gradient, planes, columns.t());
  });
}

// Inputs: x, weight, bias. kept: the result, where it was rectified.
struct ConvolutionBackward : public ofl::FusedNode {
  Geometry geometry{};
  bool transposed = false, relu = false;
  std::vector<int64_t> output_padding;

  std::string name() const override { return "ConvolutionBackward"; }

  at::Tensor recorded(const Tensors& inputs) override {
    const int64_t s = geometry.stride;
    const at::Tensor y = transposed ? at::conv_transpose2d(inputs[0], inputs[1], inputs[2], {s, s}, {0, 0}, output_padding)
                                    : at::conv2d(inputs[0], inputs[1], inputs[2], {s, s});
    return relu ? at::relu(y) : y;
  }

  void gradients(const Tensors& inputs, const at::Tensor& above, variable_list& results) override {
    const Geometry& g = geometry;
    const at::Tensor upstream = relu ? at::threshold_backward(above, kept[0], 0) : above;
    const at::Tensor x = inputs[0].contiguous(), weight = inputs[1].view({g.filters, g.taps()});
    const float *from = ofl::floats(upstream), *read = ofl::floats(x);
    if (at::Tensor d_bias = sum_for(2, inputs[2], results); d_bias.defined()) {
      add_plane_sums(from, ofl::floats(d_bias), g.images, transposed ? g.channels : g.filters, transposed ? g.pixels() : g.sites());
    }
    if (at::Tensor d_weight = sum_for(1, inputs[1], results); d_weight.defined()) {
      correlate(g, transposed ? read : from, transposed ? from : read, d_weight.view({g.filters, g.taps()}));
    }
    if (!task_should_compute_output(0)) return;
    results[0] = transposed ? at::empty_like(x) : at::zeros_like(x);
    if (transposed) {
      reduce(g, from, weight, ofl::floats(results[0]));
    } else {
      spread(g, from, weight, ofl::floats(results[0]));
    }
  }
};

at::Tensor convolution(const Tensors& inputs, int64_t stride, bool transposed, int64_t more_rows, int64_t more_columns, bool relu) {
  for (const auto& tensor : inputs) {
    TORCH_CHECK(tensor.defined() && tensor.is_cpu() && tensor.scalar_type() == at::kFloat, "input, weight and bias must be float tensors on the CPU");
  }
  const at::Tensor x = inputs[0].contiguous();
  const at::Tensor &weight = inputs[1], &bias = inputs[2];
  TORCH_CHECK(x.dim() == 4 && weight.dim() == 4 && x.size(1) == weight.size(transposed ? 0 : 1), "images of shape ", x.sizes(), " do not fit filters of shape ", weight.sizes());
  TORCH_CHECK(weight.is_contiguous() && bias.is_contiguous() && bias.numel() == weight.size(transposed ? 1 : 0) && stride > 0, "weight and bias must be contiguous, one bias a plane, and the stride positive");
  Geometry g{};
  g.images = x.size(0), g.filters = weight.size(0), g.channels = weight.size(1), g.height = weight.size(2), g.width = weight.size(3), g.stride = stride;
  if (transposed) {
    g.site_rows = x.size(2), g.site_columns = x.size(3);
    g.rows = (g.site_rows - 1) * stride + g.height + more_rows, g.columns = (g.site_columns - 1) * stride + g.width + more_columns;
  } else {
    TORCH_CHECK(x.size(2) >= g.height && x.size(3) >= g.width, "images of shape ", x.sizes(), " are smaller than filters of shape ", weight.sizes());
    g.rows = x.size(2), g.columns = x.size(3);
    g.site_rows = (g.rows - g.height) / stride + 1, g.site_columns = (g.columns - g.width) / stride + 1;
  }
  const at::Tensor matrix = weight.view({g.filters, g.taps()});
  at::Tensor result;
  if (transposed) {
    result = at::zeros({g.images, g.channels, g.rows, g.columns}, x.options());
    spread(g, ofl::floats(x), matrix, ofl::floats(result));
    add_bias_to_planes(ofl::floats(result), ofl::floats(bias), relu, g.images, g.channels, g.pixels());
  } else {
    // The engine's own is the faster one here; its gradient is not.
    result = at::conv2d(x, weight, bias, {stride, stride}).contiguous();
    if (relu) result.relu_();
  }
  if (!ofl::wants_graph(inputs)) return result;
  auto node = ofl::make_node<ConvolutionBackward>();
  node->geometry = g;
  node->transposed = transposed;
  node->relu = relu;
  node->output_padding = {more_rows, more_columns};
  if (relu) node->kept = {result.detach()};
  ofl::record(node, inputs, result);
  return result;
}

}  // namespace

// weight: [filters, channels, height, width] either way; transposed goes from filters to channels.
OFL_EXPORT ofl::Handle ofl_convolution(ofl::Handle input, ofl::Handle weight, ofl::Handle bias, int64_t stride, int32_t transposed, int64_t more_rows,
                                       int64_t more_columns, int32_t relu, int64_t* bytes) {
  return ofl::fused(bytes, [&] {
    return convolution({ofl::borrow(input), ofl::borrow(weight), ofl::borrow(bias)}, stride, transposed != 0, more_rows, more_columns, relu != 0);
  });
}
