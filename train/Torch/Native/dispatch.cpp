// The one door to ATen: find an operator in the dispatcher by name, call it boxed with tagged arguments.
#include "shim.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>
#include <torch/version.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace {

using torch::jit::Stack;

// c10::optional became std::optional, then went away.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
using OptionalTensor = std::optional<at::Tensor>;
#else
using OptionalTensor = c10::optional<at::Tensor>;
#endif

// Numbered as in Interop/Argument.cs.
enum Tag : int32_t {
  kNone = 0,
  kTensor = 1,
  kInt = 2,
  kDouble = 3,
  kBool = 4,
  kIntList = 5,
  kDoubleList = 6,
  kTensorList = 7,
  kOptionalTensorList = 8,
  kString = 9,
  kDevice = 10,
  kGenerator = 11,
  kDefault = 12,
};

struct Arg {
  int32_t tag;
  int32_t count;  // elements of a list, bytes of a string, index of a device
  union {
    int64_t i;
    double d;
    const void* p;
  };
};

struct Out {
  int32_t tag;
  int32_t reserved;
  union {
    int64_t i;
    double d;
    ofl::Handle t;
  };
  int64_t bytes;
};

struct Op {
  c10::OperatorHandle handle;
};

// Results beyond the caller's array wait here for ofl_take (split, unbind, chunk).
thread_local std::vector<Out> overflow;

template <class List, class Element>
c10::IValue list_of(const Arg& arg) {
  List list;
  list.reserve(arg.count);
  auto* items = static_cast<const Element*>(arg.p);
  for (int32_t k = 0; k < arg.count; ++k) list.push_back(items[k]);
  return c10::IValue(std::move(list));
}

c10::IValue tensors_of(const Arg& arg) {
  c10::List<at::Tensor> list;
  list.reserve(arg.count);
  auto* items = static_cast<const ofl::Handle*>(arg.p);
  for (int32_t k = 0; k < arg.count; ++k) list.push_back(ofl::borrow(items[k]));
  return c10::IValue(std::move(list));
}

c10::IValue optional_tensors_of(const Arg& arg) {
  c10::List<OptionalTensor> list;
  list.reserve(arg.count);
  auto* items = static_cast<const ofl::Handle*>(arg.p);
  for (int32_t k = 0; k < arg.count; ++k) {
    list.push_back(items[k] == nullptr ? OptionalTensor() : OptionalTensor(ofl::borrow(items[k])));
  }
  return c10::IValue(std::move(list));
}

c10::IValue to_ivalue(const Arg& arg, const c10::FunctionSchema& schema, size_t position) {
  switch (arg.tag) {
    case kNone: return c10::IValue();
    case kTensor: return c10::IValue(ofl::borrow(static_cast<ofl::Handle>(const_cast<void*>(arg.p))));
    case kInt: return c10::IValue(arg.i);
    case kDouble: return c10::IValue(arg.d);
    case kBool: return c10::IValue(arg.i != 0);
    case kIntList: return list_of<c10::List<int64_t>, int64_t>(arg);
    case kDoubleList: return list_of<c10::List<double>, double>(arg);
    case kTensorList: return tensors_of(arg);
    case kOptionalTensorList: return optional_tensors_of(arg);
    case kString: return c10::IValue(std::string(static_cast<const char*>(arg.p), arg.count));
    case kDevice:
      return c10::IValue(c10::Device(static_cast<c10::DeviceType>(arg.i), static_cast<c10::DeviceIndex>(arg.count)));
    case kGenerator: return c10::IValue(*static_cast<const at::Generator*>(arg.p));
    case kDefault: break;
    default: TORCH_CHECK(false, "argument ", position, " has the unknown tag ", arg.tag);
  }
  const auto& value = schema.arguments()[position].default_value();
  TORCH_CHECK(value.has_value(), "argument '", schema.arguments()[position].name(), "' has no default value");
  return *value;
}

void collect(const c10::IValue& value, std::vector<Out>& results) {
  Out out{};
  if (value.isTensor()) {
    const at::Tensor& tensor = value.toTensor();
    out.tag = kTensor;
    out.bytes = ofl::owned_bytes(tensor);
    out.t = ofl::give(tensor);
  } else if (value.isTensorList()) {
    for (const at::Tensor& tensor : value.toTensorVector()) {
      Out item{};
      item.tag = kTensor;
      item.bytes = ofl::owned_bytes(tensor);
      item.t = ofl::give(tensor);
      results.push_back(item);
    }
    return;
  } else if (value.isInt()) {
    out.tag = kInt;
    out.i = value.toInt();
  } else if (value.isDouble()) {
    out.tag = kDouble;
    out.d = value.toDouble();
  } else if (value.isBool()) {
    out.tag = kBool;
    out.i = value.toBool() ? 1 : 0;
  } else if (value.isNone()) {
    out.tag = kNone;
  } else {
    TORCH_CHECK(false, "a result of type ", value.tagKind(), " is not carried across");
  }
  results.push_back(out);
}

}  // namespace

// name: "aten::add", overload: "Tensor" or "". The result lives as long as the process. Null on failure.
OFL_EXPORT void* ofl_find_operator(const char* name, const char* overload) {
  return ofl::guard<void*>(nullptr, [&]() -> void* {
    auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
    TORCH_CHECK(handle.has_value(), "this libtorch has no operator ", name, *overload ? "." : "", overload);
    return new Op{*handle};
  });
}

// Calls op with count arguments (missing ones at the end take the schema's defaults). Returns how many results there
// are, the first `capacity` of them in results and the rest for ofl_take; -1 on failure.
OFL_EXPORT int32_t ofl_call(void* op, const Arg* args, int32_t count, Out* results, int32_t capacity) {
  return ofl::guard<int32_t>(-1, [&]() -> int32_t {
    const auto& handle = static_cast<Op*>(op)->handle;
    const auto& schema = handle.schema();
    const size_t expected = schema.arguments().size();
    TORCH_CHECK(static_cast<size_t>(count) <= expected, "takes ", expected, " arguments, got ", count);
    Stack stack;
    stack.reserve(expected);
    static const Arg missing{kDefault, 0, {0}};
    for (size_t k = 0; k < expected; ++k) {
      stack.push_back(to_ivalue(k < static_cast<size_t>(count) ? args[k] : missing, schema, k));
    }
    handle.callBoxed(&stack);
    if (stack.size() == 1 && stack[0].isTensor() && capacity > 0) {
      at::Tensor tensor = std::move(stack[0]).toTensor();
      results[0].tag = kTensor;
      results[0].bytes = ofl::owned_bytes(tensor);
      results[0].t = ofl::give(std::move(tensor));
      return 1;
    }
    std::vector<Out> all;
    for (const auto& value : stack) collect(value, all);
    const int32_t total = static_cast<int32_t>(all.size());
    const int32_t direct = std::min(total, capacity);
    std::copy(all.begin(), all.begin() + direct, results);
    overflow.assign(all.begin() + direct, all.end());
    return total;
  });
}

// The results of the last ofl_call on this thread that did not fit.
OFL_EXPORT void ofl_take(Out* results) {
  std::copy(overflow.begin(), overflow.end(), results);
  overflow.clear();
}
