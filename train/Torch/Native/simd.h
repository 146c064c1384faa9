// Functions with plain loops that the compiler vectorises once per instruction set; the loader picks at run time.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#define OFL_VECTORISED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define OFL_VECTORISED
#endif

// Part of the loop that calls it, whichever instruction set that one is compiled for.
#if defined(__GNUC__)
#define OFL_INLINE inline __attribute__((always_inline))
#else
#define OFL_INLINE inline
#endif

namespace ofl {

// e^x within two units in the last place for results that are normal floats, the ends of that range beyond it; NaN passes.
// Moshier's Cephes, expf: e^x = 2^n e^r, |r| <= ln(2) / 2.
OFL_INLINE float exp_of(float x) {
  x = x > 88.37f ? 88.37f : x;
  x = x < -87.33f ? -87.33f : x;
  // Adding 1.5 * 2^23 leaves no room for a fraction.
  const float n = (x * 1.44269504088896341f + 12582912.0f) - 12582912.0f;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const uint32_t bits = static_cast<uint32_t>(static_cast<int32_t>(n) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return p * power;
}

OFL_INLINE float sigmoid_of(float x) { return 1.0f / (1.0f + exp_of(-x)); }

// Cephes, tanhf: a polynomial near 0, where the other form would lose digits.
OFL_INLINE float tanh_of(float x) {
  const float size = std::fabs(x), z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const float near = x + x * z * p;
  const float far = std::copysign(1.0f - 2.0f / (exp_of(2.0f * size) + 1.0f), x);
  return size < 0.625f ? near : far;
}

// A sum in sixteen running parts, free of a serial dependence.
template <class Term>
OFL_INLINE float sum_of(int64_t count, Term term) {
  constexpr int64_t kLanes = 16;
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t k = 0; k < kLanes; ++k) lanes[k] += term(i + k);
  }
  for (int64_t k = 0; i + k < count; ++k) lanes[k] += term(i + k);
  for (int64_t half = kLanes / 2; half > 0; half /= 2) {
    for (int64_t k = 0; k < half; ++k) lanes[k] += lanes[k + half];
  }
  return lanes[0];
}

}  // namespace ofl
