// The matrix products of dense layers, with what follows each of them done while the numbers are in registers.
#pragma once

#include <cstdint>

namespace ofl {

// What a product does with a sum before it is stored.
enum class After : int32_t {
  kNothing = 0,
  kBias = 1,      // sum + bias
  kBiasRelu = 2,  // max(sum + bias, 0); NaN passes
  kMask = 3,      // sum where the mask, as large as the result, is above 0 or NaN; else 0
};

// Whether products of so many rows are done here rather than by OpenBLAS: with AVX-512, and with enough rows to lay out a weight for.
bool dense_fits(int64_t rows);

// Floats that a laid-out weight of so many inputs and outputs takes.
int64_t dense_packed_size(int64_t inputs, int64_t outputs);

// Lays out weight [outputs, inputs] for x W^T.
void dense_pack(const float* weight, int64_t inputs, int64_t outputs, float* packed);

// Lays out weight [inputs, outputs] for x W.
void dense_pack_plain(const float* weight, int64_t inputs, int64_t outputs, float* packed);

// y [rows, outputs] = after(x [rows, inputs] times the laid-out weight). extra: the bias [outputs], or the mask [rows, outputs].
// The result of a row is the same whatever rows are beside it.
void dense(const float* x, int64_t rows, int64_t inputs, const float* packed, int64_t outputs, After after, const float* extra, float* y);

}  // namespace ofl
