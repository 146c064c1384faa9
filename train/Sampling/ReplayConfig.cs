using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Train.Sampling;

/// <summary>How stored data reaches the learner.</summary>
public sealed record ReplayConfig : IValidatable
{
    /// <summary>
    /// <c>uniform</c>, or <c>returns</c>: episodes of a higher return more often. The default value is <c>uniform</c>. Where the algorithm's
    /// <c>priority_exponent</c> is above 0, steps are drawn by their last errors.
    /// </summary>
    public string Order { get; init; } = "uniform";

    /// <summary>
    /// For the order <c>returns</c>: a step counts exp((return - highest) / (temperature * (highest - lowest))) times one of the best episode;
    /// positive. The default value is 0.1.
    /// </summary>
    public double ReturnTemperature { get; init; } = 0.1;

    /// <summary>For draws by priority: what beta grows to, in [0, 1]. The default value is 1.</summary>
    public double FinalPriorityCorrection { get; init; } = 1;

    /// <summary>For draws by priority: steps over which beta grows; 0: the whole run. The default value is 0.</summary>
    public int PriorityAnnealSteps { get; init; }

    /// <summary>For draws by priority: added to the size of every error; positive. The default value is 0.000001.</summary>
    public double PriorityEpsilon { get; init; } = 1e-6;

    /// <summary>
    /// For draws by priority: what importance weights are divided by, the largest of the <c>batch</c>, as in the paper's algorithm, or the largest that
    /// any step of the <c>buffer</c> would have. The default value is <c>batch</c>.
    /// </summary>
    public string PriorityWeightsOver { get; init; } = "batch";

    /// <summary>Share of the episodes to learn from, those of the highest return, in (0, 1]. The default value is 1.</summary>
    public double TopShare { get; init; } = 1;

    /// <summary>
    /// In a loop, for learners of whole episodes: learn from the episodes of so many newest rounds; 0: from all of them. The default value is 0.
    /// </summary>
    public int NewestRounds { get; init; }

    /// <summary>Frames that make one observation, stacked as they are read. The default value is 1.</summary>
    public int FrameStack { get; init; } = 1;

    /// <summary>
    /// Where the columns lie: <c>host</c> (mapped files), <c>device</c> (copied to the training device once, where indices are then drawn too), or
    /// <c>auto</c>: the device where it is a GPU and the columns take at most <see cref="DeviceGigabytes"/>. The default value is <c>auto</c>.
    /// </summary>
    public string Placement { get; init; } = "auto";

    /// <summary>The most that <c>auto</c> copies to a GPU. The default value is 8.</summary>
    public double DeviceGigabytes { get; init; } = 8;

    /// <summary>
    /// Batches that a thread of its own fetches ahead: a number, 0 for none, or <c>auto</c>: 4 where a batch is large enough to be worth it. What is
    /// learned does not depend on it. The default value is <c>auto</c>.
    /// </summary>
    public string PrefetchBatches { get; init; } = "auto";

    public IEnumerable<string> Validate()
    {
        if (Order is not ("uniform" or "returns"))
            yield return $"order is '{Order}'; expected uniform or returns (for draws by priority set the algorithm's priority_exponent).";
        if (!(FinalPriorityCorrection is >= 0 and <= 1))
            yield return FormattableString.Invariant($"final_priority_correction is {FinalPriorityCorrection}; expected a number in [0, 1].");
        if (PriorityAnnealSteps < 0)
            yield return $"priority_anneal_steps is {PriorityAnnealSteps}; expected at least 0 (0: the whole run).";
        if (!(PriorityEpsilon > 0) || !double.IsFinite(PriorityEpsilon))
            yield return FormattableString.Invariant($"priority_epsilon is {PriorityEpsilon}; expected a positive number.");
        if (PriorityWeightsOver is not ("batch" or "buffer"))
            yield return $"priority_weights_over is '{PriorityWeightsOver}'; expected batch or buffer.";
        if (!(ReturnTemperature > 0) || !double.IsFinite(ReturnTemperature))
            yield return FormattableString.Invariant($"return_temperature is {ReturnTemperature}; expected a positive number.");
        if (!(TopShare is > 0 and <= 1))
            yield return FormattableString.Invariant($"top_share is {TopShare}; expected a share of the episodes in (0, 1].");
        if (NewestRounds < 0)
            yield return $"newest_rounds is {NewestRounds}; expected at least 0 (0: all rounds).";
        if (FrameStack is < 1 or > 256)
            yield return $"frame_stack is {FrameStack}; expected 1 to 256.";
        if (Placement is not ("auto" or "host" or "device"))
            yield return $"placement is '{Placement}'; expected auto, host or device.";
        if (!(DeviceGigabytes >= 0))
            yield return FormattableString.Invariant($"device_gigabytes is {DeviceGigabytes}; expected a number of at least 0.");
        if (PrefetchBatches != "auto" && Prefetch is null)
            yield return $"prefetch_batches is '{PrefetchBatches}'; expected auto or a number from 0 to 64.";
    }

    /// <summary>The number that was given; null: auto.</summary>
    internal int? Prefetch =>
        int.TryParse(PrefetchBatches, NumberStyles.None, CultureInfo.InvariantCulture, out var batches) && batches <= 64 ? batches : null;
}
