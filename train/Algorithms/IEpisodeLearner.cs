using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>An algorithm that learns from batches of whole episodes.</summary>
interface IEpisodeLearner : ILearner
{
    /// <summary>One outer iteration, with all of the gradient steps that the algorithm makes of a batch.</summary>
    /// <param name="batch">Not used after the call.</param>
    /// <param name="measure">Whether to add this iteration's metrics to the sums; what is learned does not depend on it.</param>
    void Step(EpisodeBatch batch, bool measure);

    /// <summary>A scalar on the device by which snapshots are compared on held-out episodes, the smaller the better; it changes nothing.</summary>
    Tensor HeldOutError(EpisodeBatch batch);

    /// <summary>Called with the means of every line of metrics, before <see cref="EndsBecause"/>; what it returns is written into the run's log.</summary>
    /// <param name="means">In the order of the metrics' names.</param>
    string? Remark(ReadOnlySpan<double> means) => null;

    /// <summary>Called with the means of every line of metrics; what it returns ends the run, and is its message.</summary>
    /// <param name="means">In the order of the metrics' names.</param>
    string? EndsBecause(ReadOnlySpan<double> means) => null;
}
