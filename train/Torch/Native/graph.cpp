// CUDA graphs: what a thread launches while one is captured becomes one launch. Compiled with CUDA where libtorch has it and
// its runtime header is there (OFL_CUDA); elsewhere every export says so.
#include "shim.h"

#ifdef OFL_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include <memory>
#include <optional>

namespace {

// Captures, and the runs that warm up for them, take place on a stream of their own: the default one cannot be captured, and
// workspaces and autograd's accumulators belong to the stream that they were made on.
struct GraphStage {
  explicit GraphStage(int32_t index) : device(index), side(c10::cuda::getStreamFromPool(false, static_cast<c10::DeviceIndex>(index))) {}

  int32_t device;
  c10::cuda::CUDAStream side;
  // Of the calling thread, while the side stream is its current one.
  std::optional<c10::cuda::CUDAStream> stream_before;
  int32_t device_before = 0;
};

// Everything launched before is done when the side stream begins, and the other way round in leave_side: neither sees memory
// that the other still works on. Both are rare, so they may wait.
void enter_side(GraphStage& stage) {
  TORCH_CHECK(!stage.stream_before, "the side stream is in use already");
  const auto before = static_cast<int32_t>(c10::cuda::current_device());
  c10::cuda::set_device(static_cast<c10::DeviceIndex>(stage.device));
  c10::cuda::device_synchronize();
  stage.device_before = before;
  stage.stream_before = c10::cuda::getCurrentCUDAStream(static_cast<c10::DeviceIndex>(stage.device));
  c10::cuda::setCurrentCUDAStream(stage.side);
}

void restore_stream(GraphStage& stage) {
  if (!stage.stream_before) return;
  c10::cuda::setCurrentCUDAStream(*stage.stream_before);
  stage.stream_before.reset();
  c10::cuda::set_device(static_cast<c10::DeviceIndex>(stage.device_before));
}

void leave_side(GraphStage& stage) {
  // The stream comes back whether or not what ran on it failed; that is said afterwards.
  std::exception_ptr failure;
  try {
    c10::cuda::device_synchronize();
  } catch (...) {
    failure = std::current_exception();
  }
  restore_stream(stage);
  if (failure) std::rethrow_exception(failure);
}

// From 2.1 on a capture can leave other threads alone; before, what they may not do meanwhile ends it.
template <class Graph>
auto begin_capture(Graph& graph, int) -> decltype(graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal)) {
  graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
}

template <class Graph>
void begin_capture(Graph& graph, long) {
  graph.capture_begin();
}

}  // namespace

#define OFL_GRAPHS(statement) statement
#else
#define OFL_GRAPHS(statement)                                                                                          \
  TORCH_CHECK(false, "the shim was built without CUDA: build it anew with a libtorch that has CUDA and with CUDA's headers (cuda_runtime_api.h)")
#endif

OFL_EXPORT int32_t ofl_graphs_supported() {
#ifdef OFL_CUDA
  return 1;
#else
  return 0;
#endif
}

// A stage: where one function after another is warmed up and captured on a device. Null on failure.
OFL_EXPORT void* ofl_graphs_new([[maybe_unused]] int32_t device) {
  return ofl::guard<void*>(nullptr, [&]() -> void* { OFL_GRAPHS(return new GraphStage(device)); });
}

OFL_EXPORT void ofl_graphs_free([[maybe_unused]] void* stage) {
#ifdef OFL_CUDA
  ofl::guard<int>(0, [&] {
    delete static_cast<GraphStage*>(stage);
    return 0;
  });
#endif
}

// From here to ofl_graphs_leave the calling thread launches on the side stream.
OFL_EXPORT int32_t ofl_graphs_enter([[maybe_unused]] void* stage) {
  return ofl::guard<int32_t>(-1, [&]() -> int32_t {
    OFL_GRAPHS(enter_side(*static_cast<GraphStage*>(stage)));
    return 0;
  });
}

OFL_EXPORT int32_t ofl_graphs_leave([[maybe_unused]] void* stage) {
  return ofl::guard<int32_t>(-1, [&]() -> int32_t {
    OFL_GRAPHS(leave_side(*static_cast<GraphStage*>(stage)));
    return 0;
  });
}

// Begins to capture on the side stream, which stays the thread's until ofl_graph_end or ofl_graph_abandon. Null on failure,
// with the thread's stream as it was.
OFL_EXPORT void* ofl_graph_begin([[maybe_unused]] void* stage) {
  return ofl::guard<void*>(nullptr, [&]() -> void* {
#ifdef OFL_CUDA
    auto& on = *static_cast<GraphStage*>(stage);
    enter_side(on);
    try {
      auto graph = std::make_unique<at::cuda::CUDAGraph>();
      begin_capture(*graph, 0);
      return graph.release();
    } catch (...) {
      restore_stream(on);
      throw;
    }
#else
    OFL_GRAPHS();
    return nullptr;
#endif
  });
}

// Ends the capture. After a failure the graph is to be freed.
OFL_EXPORT int32_t ofl_graph_end([[maybe_unused]] void* stage, [[maybe_unused]] void* graph) {
  return ofl::guard<int32_t>(-1, [&]() -> int32_t {
#ifdef OFL_CUDA
    auto& on = *static_cast<GraphStage*>(stage);
    try {
      static_cast<at::cuda::CUDAGraph*>(graph)->capture_end();
    } catch (...) {
      restore_stream(on);
      throw;
    }
    leave_side(on);
#else
    OFL_GRAPHS();
#endif
    return 0;
  });
}

// Ends a capture that came to nothing, frees its graph, and gives the thread its stream back.
OFL_EXPORT void ofl_graph_abandon([[maybe_unused]] void* stage, [[maybe_unused]] void* graph) {
#ifdef OFL_CUDA
  ofl::guard<int>(0, [&] {
    std::unique_ptr<at::cuda::CUDAGraph> dropped(static_cast<at::cuda::CUDAGraph*>(graph));
    // Of a capture that CUDA gave up this fails; the stream is out of it all the same.
    ofl::guard<int>(0, [&] {
      dropped->capture_end();
      return 0;
    });
    restore_stream(*static_cast<GraphStage*>(stage));
    return 0;
  });
#endif
}

// Launches the whole graph on the thread's current stream, and does not wait.
OFL_EXPORT int32_t ofl_graph_replay([[maybe_unused]] void* graph) {
  return ofl::guard<int32_t>(-1, [&]() -> int32_t {
    OFL_GRAPHS(static_cast<at::cuda::CUDAGraph*>(graph)->replay());
    return 0;
  });
}

// Frees the graph and its memory, once nothing of it runs any more.
OFL_EXPORT void ofl_graph_free([[maybe_unused]] void* graph) {
#ifdef OFL_CUDA
  ofl::guard<int>(0, [&] {
    std::unique_ptr<at::cuda::CUDAGraph> dropped(static_cast<at::cuda::CUDAGraph*>(graph));
    c10::cuda::device_synchronize();
    return 0;
  });
#endif
}
