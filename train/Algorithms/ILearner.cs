using OfflineRL.Train.Networks;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>What the loop needs of an algorithm: to be measured, to be saved, and to hand out its policy. Beside it each is one of transitions or one of episodes.</summary>
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

    /// <summary>What the policy does with features before <see cref="PolicyNetwork"/> reads them, and its tensors; null: nothing.</summary>
    (LatentDescription Description, IReadOnlyList<NamedTensor> Tensors)? PolicyLatent => null;

    /// <summary>Numbers on the host that decide what the next steps do, beside <see cref="Updates"/>: such as those of inner updates.</summary>
    IReadOnlyList<long> Counters
    {
        get => [];
        set { }
    }
}
