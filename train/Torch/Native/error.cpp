// The text of the last exception on this thread.
#include "shim.h"

#include <string>

namespace ofl {

static thread_local std::string last_error;

void set_error(const char* text) {
  try {
    last_error = text;
  } catch (...) {
    last_error.clear();
  }
}

}  // namespace ofl

OFL_EXPORT const char* ofl_last_error() { return ofl::last_error.c_str(); }
