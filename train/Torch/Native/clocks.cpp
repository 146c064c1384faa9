// Draws of the exponential distribution as aten::exponential_ makes them from a generator of the CPU, number for number but
// for the last digits of the logarithm, which is taken of many at once.
#include "shim.h"
#include "simd.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cstdint>
#include <mutex>

namespace {

// -ln(v) of v in (0, 1]: v = 2^n m with m near 1, and the series of 2 artanh((m - 1) / (m + 1)).
OFL_INLINE double minus_log(double v) {
  uint64_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  // Counted from sqrt(1 / 2), so that m lies around 1.
  const uint64_t from = bits - 0x3fe6a09e667f3bcdull;
  const int64_t n = static_cast<int64_t>(from) >> 52;
  bits -= static_cast<uint64_t>(n) << 52;
  double m;
  std::memcpy(&m, &bits, sizeof m);
  const double s = (m - 1) / (m + 1), q = s * s;
  double p = 1.0 / 13;
  p = p * q + 1.0 / 11;
  p = p * q + 1.0 / 9;
  p = p * q + 1.0 / 7;
  p = p * q + 1.0 / 5;
  p = p * q + 1.0 / 3;
  return -(2 * s * (p * q + 1) + static_cast<double>(static_cast<int32_t>(n)) * 0.69314718055994530942);
}

OFL_VECTORISED void times(const double* __restrict uniform, float* __restrict clocks, int64_t count) {
  for (int64_t i = 0; i < count; ++i) clocks[i] = static_cast<float>(minus_log(1.0 - uniform[i]));
}

void fill(at::CPUGeneratorImpl& generator, float* clocks, int64_t count) {
  constexpr int64_t kBlock = 512;
  double uniform[kBlock];
  std::lock_guard<std::mutex> lock(generator.mutex_);
  at::mt19937 engine = generator.engine();
  for (int64_t first = 0; first < count; first += kBlock) {
    const int64_t block = std::min(kBlock, count - first);
    for (int64_t i = 0; i < block; ++i) {
      const uint64_t high = engine(), low = engine();
      uniform[i] = static_cast<double>((high << 32 | low) & ((1ull << 53) - 1)) * 0x1.0p-53;
    }
    times(uniform, clocks + first, block);
  }
  generator.set_engine(engine);
}

}  // namespace

OFL_EXPORT ofl::Handle ofl_clocks(const int64_t* sizes, int32_t dimensions, at::Generator* generator, int64_t* bytes) {
  return ofl::guard<ofl::Handle>(nullptr, [&] {
    at::Tensor result = at::empty(at::IntArrayRef(sizes, dimensions), at::kFloat);
    fill(*at::check_generator<at::CPUGeneratorImpl>(*generator), result.data_ptr<float>(), result.numel());
    *bytes = ofl::owned_bytes(result);
    return ofl::give(std::move(result));
  });
}
