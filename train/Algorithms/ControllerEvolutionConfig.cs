using OfflineRL.Datasets;
using OfflineRL.Train.Sampling;
using OfflineRL.Train.WorldModels;

namespace OfflineRL.Train.Algorithms;

/// <summary>
/// Settings of <see cref="ControllerEvolution"/>; those of the auto-encoder and of how errors are measured are in the section <c>world_model</c>. Where they differ from the source, and why, is in train/docs/world_models.md.
/// </summary>
public sealed record ControllerEvolutionConfig : LearnerConfig
{
    /// <summary>Steps of M of 0.001, which fall to 0.</summary>
    public ControllerEvolutionConfig() => LearningRate = 1e-3;

    /// <summary>Share of the gradient steps that train V, the auto-encoder; with <c>world_model.encoder: identity</c> they are M's. The default value is 0.2.</summary>
    public double EncoderShare { get; init; } = 0.2;

    /// <summary>Share of the steps that are generations of C, the controller; what is left trains M, the memory. The default value is 0.2.</summary>
    public double ControllerShare { get; init; } = 0.2;

    /// <summary>Steps of the sequences that are learned from; <c>batch_size</c> says how many. The default value is 32.</summary>
    public int SequenceSteps { get; init; } = 32;

    /// <summary>Sizes of M.</summary>
    public MemoryConfig Memory { get; init; } = new();

    /// <summary>tau of what dreams draw: above 1 they are less certain than the model, and harder to live on its mistakes. The default value is 1.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>gamma: what a reward is worth one step later, in (0, 1]. The default value is 0.99.</summary>
    public double Discount { get; init; } = 0.99;

    /// <summary>Steps of a dream. There is no critic: what comes after them counts nothing. The default value is 100.</summary>
    public int Horizon { get; init; } = 100;

    /// <summary>Dreams of each controller in a generation, from as many states of the batch, drawn with replacement: the same for all. The default value is 32.</summary>
    public int Dreams { get; init; } = 32;

    /// <summary>Controllers of a generation; 0: 4 + 3 ln n of n numbers. The default value is 32.</summary>
    public int Population { get; init; } = 32;

    /// <summary>sigma: deviation of the first generation around 0. The default value is 0.3.</summary>
    public double StepSize { get; init; } = 0.3;

    /// <summary>lambda: what a dreamed reward loses for each unit of the disagreement of the model's members; not set: chosen from errors on held-out episodes (<see cref="DreamLimits"/>), and 0 for a model of one member.</summary>
    public double? Penalty { get; init; }

    /// <summary>Dreams are cut after a step whose disagreement is above this quantile of the held-out data's, in (0, 1]; 1, the default: nowhere.</summary>
    public double TruncationQuantile { get; init; } = 1;

    /// <summary><c>auto</c>, the default: on a GPU the dreams of a generation are one CUDA graph; <c>off</c>: they are launched operator by operator.</summary>
    public string CudaGraph { get; init; } = DreamingConfig.Auto;

    internal override bool LearnsModel => true;

    internal override int? DreamSteps => Horizon;

    internal override ReplayNeeds Needs => ReplayNeeds.Bootstrapping(ActionKind.Any, 1) with { SequenceSteps = SequenceSteps };

    internal override PolicyConfig? ActionDistribution => new() { Squash = PolicyConfig.TanhSquash, Scale = PolicyConfig.FreeScale };

    internal override LearnerConfig Resolve(Space observations, ReturnRange returns) => this with { Hidden = Hidden ?? [] };

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(EncoderShare is > 0 and < 1) || !(ControllerShare is > 0 and < 1) || !(EncoderShare + ControllerShare < 1))
            yield return FormattableString.Invariant($"encoder_share is {EncoderShare} and controller_share {ControllerShare}; expected shares above 0 that leave some steps to the memory.");
        if (CudaGraph is not (DreamingConfig.Auto or DreamingConfig.Off))
            yield return $"cuda_graph is '{CudaGraph}'; expected auto or off.{NearestName.Hint(CudaGraph, [DreamingConfig.Auto, DreamingConfig.Off])}";
        if (SequenceSteps is < 2 or > 10_000)
            yield return $"sequence_steps is {SequenceSteps}; expected 2 to 10000.";
        if (!(Temperature > 0 && double.IsFinite(Temperature)))
            yield return FormattableString.Invariant($"temperature is {Temperature}; expected a positive number.");
        if (!(Discount is > 0 and <= 1))
            yield return FormattableString.Invariant($"discount is {Discount}; expected a number above 0, and at most 1.");
        if (Horizon is < 1 or > 10_000)
            yield return $"horizon is {Horizon}; expected 1 to 10000.";
        if (Dreams is < 1 or > 1_000_000)
            yield return $"dreams is {Dreams}; expected 1 to 1000000.";
        if (Population is not 0 and (< 4 or > 100_000))
            yield return $"population is {Population}; expected 4 to 100000, or 0 to have it chosen.";
        if (!(StepSize > 0 && double.IsFinite(StepSize)))
            yield return FormattableString.Invariant($"step_size is {StepSize}; expected a positive number.");
        if (Penalty is { } penalty && !(penalty >= 0 && double.IsFinite(penalty)))
            yield return FormattableString.Invariant($"penalty is {penalty}; expected a number of at least 0, or none to have it chosen.");
        if (!(TruncationQuantile is > 0 and <= 1))
            yield return FormattableString.Invariant($"truncation_quantile is {TruncationQuantile}; expected a number above 0, and at most 1 (1: dreams are not cut).");
    }
}
