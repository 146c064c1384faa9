using TorchSharp;
using TorchSharp.Interop;
using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <content>CUDA's, through the shim.</content>
public static partial class CudaGraphs
{
    public static partial bool IsSupported => NativeMethods.ofl_graphs_supported() == 1;

    public static partial IGraphEngine? EngineFor(Device device) => device.type == DeviceType.CUDA && IsSupported ? new Engine(device) : null;

    sealed class Engine(Device device) : IGraphEngine
    {
        IntPtr _stage = NativeMethods.Check(NativeMethods.ofl_graphs_new(Math.Max(0, device.index)), "CUDA graph");

        public T Aside<T>(Func<T> function)
        {
            NativeMethods.Check(NativeMethods.ofl_graphs_enter(_stage), "CUDA graph: its stream");
            try
            {
                return function();
            }
            finally
            {
                NativeMethods.Check(NativeMethods.ofl_graphs_leave(_stage), "CUDA graph: its stream");
            }
        }

        public ICapturedGraph Capture(Func<IReadOnlyList<Tensor>> function)
        {
            // What was recorded for autograd and is not yet disposed of holds accumulators that belong to other streams.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            var graph = NativeMethods.Check(NativeMethods.ofl_graph_begin(_stage), "CUDA graph: begin");
            try
            {
                var outputs = function();
                NativeMethods.Check(NativeMethods.ofl_graph_end(_stage, graph), "CUDA graph: end");
                return new Graph(graph, outputs);
            }
            catch
            {
                NativeMethods.ofl_graph_abandon(_stage, graph);
                throw;
            }
        }

        public void Dispose()
        {
            var stage = Interlocked.Exchange(ref _stage, IntPtr.Zero);
            if (stage != IntPtr.Zero)
                NativeMethods.ofl_graphs_free(stage);
        }
    }

    sealed class Graph(IntPtr graph, IReadOnlyList<Tensor> outputs) : ICapturedGraph
    {
        IntPtr _graph = graph;

        public IReadOnlyList<Tensor> Outputs => outputs;

        public void Replay() => NativeMethods.Check(NativeMethods.ofl_graph_replay(_graph), "CUDA graph: replay");

        public void Dispose()
        {
            foreach (var output in outputs)
                output.Dispose();
            var graph = Interlocked.Exchange(ref _graph, IntPtr.Zero);
            if (graph != IntPtr.Zero)
                NativeMethods.ofl_graph_free(graph);
        }
    }
}
