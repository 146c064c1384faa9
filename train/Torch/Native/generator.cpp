// Random number generators. A new one is a clone of the device's default with its own seed, which needs no CUDA header.
#include "shim.h"

#include <ATen/Context.h>

OFL_EXPORT at::Generator* ofl_generator_new(uint64_t seed, int32_t device_type, int32_t device_index) {
  return ofl::guard<at::Generator*>(nullptr, [&] {
    c10::Device device(static_cast<c10::DeviceType>(device_type), static_cast<c10::DeviceIndex>(device_index));
    if (device.is_cuda() && !device.has_index()) device = c10::Device(c10::kCUDA, 0);
    auto generator = std::make_unique<at::Generator>(at::globalContext().defaultGenerator(device).clone());
    generator->set_current_seed(seed);
    return generator.release();
  });
}

// A second handle on the process-wide generator of the CPU.
OFL_EXPORT at::Generator* ofl_generator_default() {
  return ofl::guard<at::Generator*>(nullptr, [&] { return new at::Generator(at::globalContext().defaultGenerator(c10::kCPU)); });
}

OFL_EXPORT void ofl_generator_free(at::Generator* generator) {
  ofl::guard<int>(0, [&] {
    delete generator;
    return 0;
  });
}

OFL_EXPORT int32_t ofl_generator_seed(at::Generator* generator, uint64_t seed) {
  return ofl::guard<int32_t>(-1, [&] {
    std::lock_guard<std::mutex> lock(generator->mutex());
    generator->set_current_seed(seed);
    return 0;
  });
}

OFL_EXPORT uint64_t ofl_generator_current_seed(at::Generator* generator) {
  return ofl::guard<uint64_t>(0, [&] { return generator->current_seed(); });
}

OFL_EXPORT ofl::Handle ofl_generator_state(at::Generator* generator) {
  return ofl::guard<ofl::Handle>(nullptr, [&] {
    std::lock_guard<std::mutex> lock(generator->mutex());
    return ofl::give(generator->get_state());
  });
}

OFL_EXPORT int32_t ofl_generator_set_state(at::Generator* generator, ofl::Handle state) {
  return ofl::guard<int32_t>(-1, [&] {
    std::lock_guard<std::mutex> lock(generator->mutex());
    generator->set_state(ofl::borrow(state));
    return 0;
  });
}
