using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>An algorithm that learns from batches of transitions.</summary>
interface ITransitionLearner : ILearner
{
    /// <summary>One gradient step. It never waits for the device.</summary>
    /// <param name="batch">Not used after the call. Where it asks for priorities, the step writes them.</param>
    /// <param name="measure">Whether to add this step's metrics to the sums; what is learned does not depend on it.</param>
    void Step(TransitionBatch batch, bool measure);

    /// <summary>A scalar on the device by which snapshots are compared on held-out data, the smaller the better; it changes nothing.</summary>
    Tensor HeldOutError(TransitionBatch batch);
}
