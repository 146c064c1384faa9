// Products of some rows by a weight in AVX-512, for the sizes of dense layers here: tens to hundreds of inputs and outputs, and one to some thousand rows. As Goto and van de Geijn 2008, "Anatomy of
// high-performance matrix multiplication": the weight is laid out in panels of columns, and a block of the result stays in registers while it is summed. Where there is no AVX-512, OpenBLAS is asked instead.
#include "dense.h"

#include <algorithm>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define OFL_HAS_DENSE 1
#define OFL_AVX512 __attribute__((target("avx512f")))
#define OFL_BLOCK __attribute__((target("avx512f"), always_inline)) inline
#endif

namespace ofl {

#ifdef OFL_HAS_DENSE

namespace {

constexpr int64_t kLanes = 16;
// 8 rows by 3 vectors of 16 columns: 24 of the 32 registers are sums.
constexpr int64_t kRows = 8, kVectors = 3;
// Rows that go through a panel before the next: they stay in the first-level cache with it.
constexpr int64_t kTallest = 64;
// Up to so many columns are sums along the rows instead, of a weight laid out [outputs, inputs]: a panel would be nearly empty.
constexpr int64_t kNarrow = 4;

int64_t lanes(int64_t columns) { return (columns + kLanes - 1) / kLanes * kLanes; }

// Columns of the next panel of a laid-out weight.
int64_t panel_width(int64_t columns_left) { return columns_left >= kVectors * kLanes ? kVectors * kLanes : lanes(columns_left); }

OFL_AVX512 __mmask16 mask_of(int64_t columns) {
  return columns >= kLanes ? 0xffff : columns <= 0 ? 0 : static_cast<__mmask16>((1u << columns) - 1);
}

template <After after>
OFL_BLOCK __m512 finish(__m512 sum, __mmask16 inside, const float* extra) {
  if constexpr (after == After::kNothing) return sum;
  const __m512 other = _mm512_maskz_loadu_ps(inside, extra), zero = _mm512_setzero_ps();
  if constexpr (after == After::kMask) return _mm512_mask_mov_ps(sum, _mm512_cmp_ps_mask(other, zero, _CMP_LE_OQ), zero);
  const __m512 y = _mm512_add_ps(sum, other);
  if constexpr (after == After::kBiasRelu) return _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(y, zero, _CMP_LT_OQ), zero);
  return y;
}

// A block of the result: rows of x by one panel, of whose columns some may lie outside.
template <int rows, int vectors, After after>
OFL_BLOCK void block(const float* x, int64_t inputs, const float* panel, int64_t columns, const float* extra, float* y, int64_t outputs) {
  __m512 sums[rows][vectors];
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < vectors; ++v) sums[r][v] = _mm512_setzero_ps();
  }
  for (int64_t i = 0; i < inputs; ++i, panel += vectors * kLanes) {
    __m512 weights[vectors];
#pragma GCC unroll 3
    for (int v = 0; v < vectors; ++v) weights[v] = _mm512_loadu_ps(panel + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
      const __m512 value = _mm512_set1_ps(x[r * inputs + i]);
#pragma GCC unroll 3
      for (int v = 0; v < vectors; ++v) sums[r][v] = _mm512_fmadd_ps(value, weights[v], sums[r][v]);
    }
  }
#pragma GCC unroll 3
  for (int v = 0; v < vectors; ++v) {
    const __mmask16 inside = mask_of(columns - v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
      const int64_t at = v * kLanes + r * outputs;
      const float* beside = after == After::kMask ? extra + at : extra + v * kLanes;
      _mm512_mask_storeu_ps(y + at, inside, finish<after>(sums[r][v], inside, beside));
    }
  }
}

template <int vectors, After after>
OFL_AVX512 void by_panel(const float* x, int64_t rows, int64_t inputs, const float* panel, int64_t columns, const float* extra, float* y, int64_t outputs) {
  const int64_t step = after == After::kMask ? outputs : 0;
  int64_t r = 0;
  for (; r + kRows <= rows; r += kRows) block<kRows, vectors, after>(x + r * inputs, inputs, panel, columns, extra + r * step, y + r * outputs, outputs);
  for (; r + kRows / 2 <= rows; r += kRows / 2) block<kRows / 2, vectors, after>(x + r * inputs, inputs, panel, columns, extra + r * step, y + r * outputs, outputs);
  for (; r < rows; ++r) block<1, vectors, after>(x + r * inputs, inputs, panel, columns, extra + r * step, y + r * outputs, outputs);
}

template <After after>
void by_panels(const float* x, int64_t rows, int64_t inputs, const float* packed, int64_t outputs, const float* extra, float* y) {
  for (int64_t first = 0; first < rows; first += kTallest) {
    const int64_t count = rows - first < kTallest ? rows - first : kTallest;
    const float* panel = packed;
    for (int64_t c = 0; c < outputs;) {
      const int64_t left = outputs - c, width = panel_width(left);
      auto* kernel = width == kLanes ? by_panel<1, after> : width == 2 * kLanes ? by_panel<2, after> : by_panel<3, after>;
      kernel(x + first * inputs, count, inputs, panel, left, extra + (after == After::kMask ? first * outputs : 0) + c, y + first * outputs + c, outputs);
      panel += inputs * width;
      c += width;
    }
  }
}

OFL_BLOCK float sum_of_lanes(__m512 sums) {
  float lanes[kLanes];
  _mm512_storeu_ps(lanes, sums);
  for (int64_t half = kLanes / 2; half > 0; half /= 2) {
    for (int64_t k = 0; k < half; ++k) lanes[k] += lanes[k + half];
  }
  return lanes[0];
}

// Sums along the inputs, four rows of x at once, so that additions need not wait for each other.
template <int rows, int columns, After after>
OFL_BLOCK void dots(const float* x, int64_t inputs, const float* weight, const float* extra, float* y) {
  __m512 sums[rows][columns];
#pragma GCC unroll 4
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < columns; ++c) sums[r][c] = _mm512_setzero_ps();
  }
  for (int64_t i = 0; i < inputs; i += kLanes) {
    const __mmask16 inside = mask_of(inputs - i);
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) {
      const __m512 values = _mm512_maskz_loadu_ps(inside, x + r * inputs + i);
#pragma GCC unroll 4
      for (int c = 0; c < columns; ++c) sums[r][c] = _mm512_fmadd_ps(values, _mm512_maskz_loadu_ps(inside, weight + c * inputs + i), sums[r][c]);
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c, ++y) {
      const float sum = sum_of_lanes(sums[r][c]);
      if constexpr (after == After::kNothing) *y = sum;
      if constexpr (after == After::kBias) *y = sum + extra[c];
      if constexpr (after == After::kBiasRelu) *y = sum + extra[c] < 0.0f ? 0.0f : sum + extra[c];
      if constexpr (after == After::kMask) *y = extra[r * columns + c] <= 0.0f ? 0.0f : sum;
    }
  }
}

template <int columns, After after>
OFL_AVX512 void by_dots(const float* x, int64_t rows, int64_t inputs, const float* weight, const float* extra, float* y) {
  const int64_t step = after == After::kMask ? columns : 0;
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) dots<4, columns, after>(x + r * inputs, inputs, weight, extra + r * step, y + r * columns);
  for (; r < rows; ++r) dots<1, columns, after>(x + r * inputs, inputs, weight, extra + r * step, y + r * columns);
}

template <After after>
void product(const float* x, int64_t rows, int64_t inputs, const float* packed, int64_t outputs, const float* extra, float* y) {
  switch (outputs) {
    case 1: return by_dots<1, after>(x, rows, inputs, packed, extra, y);
    case 2: return by_dots<2, after>(x, rows, inputs, packed, extra, y);
    case 3: return by_dots<3, after>(x, rows, inputs, packed, extra, y);
    case 4: return by_dots<4, after>(x, rows, inputs, packed, extra, y);
    default: return by_panels<after>(x, rows, inputs, packed, outputs, extra, y);
  }
}

// Four rows of the weight to four columns of a panel.
void pack_four(const float* weight, int64_t inputs, float* panel, int64_t width) {
  const float *a = weight, *b = a + inputs, *c = b + inputs, *d = c + inputs;
  int64_t i = 0;
  for (; i + 4 <= inputs; i += 4) {
    __m128 p = _mm_loadu_ps(a + i), q = _mm_loadu_ps(b + i), r = _mm_loadu_ps(c + i), s = _mm_loadu_ps(d + i);
    _MM_TRANSPOSE4_PS(p, q, r, s);
    float* to = panel + i * width;
    _mm_storeu_ps(to, p);
    _mm_storeu_ps(to + width, q);
    _mm_storeu_ps(to + 2 * width, r);
    _mm_storeu_ps(to + 3 * width, s);
  }
  for (; i < inputs; ++i) {
    float* to = panel + i * width;
    to[0] = a[i], to[1] = b[i], to[2] = c[i], to[3] = d[i];
  }
}

}  // namespace

bool dense_fits(int64_t rows) {
  static const bool has = __builtin_cpu_supports("avx512f");
  return has && rows >= kRows;
}

int64_t dense_packed_size(int64_t inputs, int64_t outputs) { return inputs * lanes(outputs); }

void dense_pack(const float* weight, int64_t inputs, int64_t outputs, float* packed) {
  if (outputs <= kNarrow) {
    std::copy(weight, weight + inputs * outputs, packed);
    return;
  }
  for (int64_t c = 0; c < outputs;) {
    const int64_t width = panel_width(outputs - c), valid = outputs - c < width ? outputs - c : width;
    int64_t k = 0;
    for (; k + 4 <= valid; k += 4) pack_four(weight + (c + k) * inputs, inputs, packed + k, width);
    for (; k < width; ++k) {
      for (int64_t i = 0; i < inputs; ++i) packed[i * width + k] = k < valid ? weight[(c + k) * inputs + i] : 0.0f;
    }
    packed += inputs * width;
    c += width;
  }
}

OFL_AVX512 void dense_pack_plain(const float* weight, int64_t inputs, int64_t outputs, float* packed) {
  if (outputs <= kNarrow) {
    for (int64_t c = 0; c < outputs; ++c) {
      for (int64_t i = 0; i < inputs; ++i) *packed++ = weight[i * outputs + c];
    }
    return;
  }
  for (int64_t c = 0; c < outputs;) {
    const int64_t width = panel_width(outputs - c);
    for (int64_t i = 0; i < inputs; ++i) {
      for (int64_t k = 0; k < width; k += kLanes, packed += kLanes) {
        _mm512_storeu_ps(packed, _mm512_maskz_loadu_ps(mask_of(outputs - c - k), weight + i * outputs + c + k));
      }
    }
    c += width;
  }
}

void dense(const float* x, int64_t rows, int64_t inputs, const float* packed, int64_t outputs, After after, const float* extra, float* y) {
  switch (after) {
    case After::kNothing: return product<After::kNothing>(x, rows, inputs, packed, outputs, packed, y);
    case After::kBias: return product<After::kBias>(x, rows, inputs, packed, outputs, extra, y);
    case After::kBiasRelu: return product<After::kBiasRelu>(x, rows, inputs, packed, outputs, extra, y);
    case After::kMask: return product<After::kMask>(x, rows, inputs, packed, outputs, extra, y);
  }
}

#else

bool dense_fits(int64_t) { return false; }
int64_t dense_packed_size(int64_t, int64_t) { return 0; }
void dense_pack(const float*, int64_t, int64_t, float*) {}
void dense_pack_plain(const float*, int64_t, int64_t, float*) {}
void dense(const float*, int64_t, int64_t, const float*, int64_t, After, const float*, float*) {}

#endif

}  // namespace ofl
