using OfflineRL.Torch;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch;

/// <summary>Captures by keeping the function, and replays by running it again with what its tape holds: all that a CUDA graph does but the launching.</summary>
sealed class RerunEngine : IGraphEngine
{
    /// <summary>Functions that were captured, and their replays.</summary>
    public int Captures { get; private set; }

    public int Replays { get; private set; }

    /// <summary>Graphs that are not given up.</summary>
    public int Live { get; private set; }

    public bool IsDisposed { get; private set; }

    /// <summary>What a replay adds to its first output; 0, the default: nothing.</summary>
    public double Error { get; init; }

    public T Aside<T>(Func<T> function) => function();

    public ICapturedGraph Capture(Func<IReadOnlyList<Tensor>> function)
    {
        var graph = new Graph(this, function);
        Captures++;
        Live++;
        return graph;
    }

    public void Dispose() => IsDisposed = true;

    sealed class Graph(RerunEngine engine, Func<IReadOnlyList<Tensor>> function) : ICapturedGraph
    {
        public IReadOnlyList<Tensor> Outputs { get; } = function();

        public void Replay()
        {
            using var scope = NewDisposeScope();
            var results = function();
            using var quiet = no_grad();
            for (var i = 0; i < results.Count; i++)
            {
                Outputs[i].copy_(i == 0 && engine.Error != 0 ? results[i].add(engine.Error) : results[i]);
                results[i].Dispose();
            }

            engine.Replays++;
        }

        public void Dispose()
        {
            foreach (var output in Outputs)
                output.Dispose();
            engine.Live--;
        }
    }
}
