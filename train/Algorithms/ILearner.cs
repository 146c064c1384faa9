using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>What the loop needs of an algorithm: to step, to be measured, to be saved, and to hand out its policy.</summary>
interface ILearner : IDisposable
{
    /// <summary>Names of the metrics, in the order of <see cref="MetricSums"/>.</summary>
    IReadOnlyList<string> MetricNames { get; }

    /// <summary>[K + 1] float64 on the training device: sums of each metric over the measured steps since the loop last zeroed it, and their number.</summary>
    Tensor MetricSums { get; }

    /// <summary>Every tensor that decides what the next steps do; loading copies into them.</summary>
    IReadOnlyList<NamedTensor> State { get; }

    /// <summary>Gradient steps done; set by the loop when it resumes.</summary>
    long Updates { get; set; }

    /// <summary>The network that a stored policy consists of.</summary>
    Network PolicyNetwork { get; }

    /// <summary>The temperature that a stored policy has by default: 0 for greedy.</summary>
    double PolicyTemperature { get; }

    /// <summary>A second network that limits which actions the policy takes, and its threshold; null for none.</summary>
    (Network Network, double Threshold)? PolicyFilter => null;

    /// <summary>One gradient step. It never waits for the device.</summary>
    /// <param name="batch">Not used after the call. Where it asks for priorities, the step writes them.</param>
    /// <param name="measure">Whether to add this step's metrics to the sums; what is learned does not depend on it.</param>
    void Step(TransitionBatch batch, bool measure);

    /// <summary>A scalar on the device by which snapshots are compared on held-out data, the smaller the better; it changes nothing.</summary>
    Tensor HeldOutError(TransitionBatch batch);
}
