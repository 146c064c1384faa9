using OfflineRL.Datasets;

namespace OfflineRL.Train.Sampling;

/// <summary>The datasets of a replay made ready: episodes chosen, normalisers fitted, transitions indexed, orders set up.</summary>
sealed class ReplaySources
{
    public ReplaySources(TrainingData data, ReplaySettings settings, RandomStream random)
    {
        Data = data;
        RequireActions(data.Info, settings.Needs.Actions);
        var selections = Select(data, settings);
        Fitted = settings.Fitted ?? new(
            Normalization.FitObservations(selections, settings.Normalization, settings.Replay.FrameStack),
            settings.Needs.Bootstraps ? Normalization.FitRewards(selections, settings.Normalization) : RewardTransform.Identity);
        var options = new TransitionOptions
        {
            Steps = settings.Needs.Steps,
            Discount = settings.Needs.Discount,
            Bootstraps = settings.Needs.Bootstraps,
            NextActions = settings.Needs.NextActions,
            KeepsAll = settings.Needs.SequenceSteps > 0,
            Rewards = Fitted.Rewards,
        };
        Indices = [.. selections.Select(selection => new TransitionIndex(selection, options))];
        var priorities = Priorities(settings);
        Draw = new(
            [.. Indices.Select(index => Order(index, settings, priorities))],
            [.. data.Sources.Select(source => source.Share)],
            random);
    }

    public TrainingData Data { get; }

    public FittedNormalization Fitted { get; }

    public ObservationEncoder Encoder => Fitted.Encoder;

    /// <summary>One a dataset.</summary>
    public IReadOnlyList<TransitionIndex> Indices { get; }

    public MixedDraw Draw { get; }

    /// <summary>The orders that learn from errors.</summary>
    public IReadOnlyList<PrioritizedOrder> Prioritized => [.. Draw.Orders.OfType<PrioritizedOrder>()];

    /// <summary>Takes in the episodes that were appended to the datasets since.</summary>
    public void Extend()
    {
        for (var s = 0; s < Indices.Count; s++)
        {
            Indices[s].Extend();
            Draw.Orders[s].Grow(Indices[s].Count);
        }
    }

    /// <summary>The episodes of each dataset.</summary>
    public static IReadOnlyList<EpisodeSelection> Select(TrainingData data, ReplaySettings settings) =>
        [.. data.Sources.Select(source => EpisodeSelection.Of(source.Columns, settings.Split, settings.Replay.TopShare, settings.Fold))];

    public static void RequireActions(ColumnsInfo info, ActionKind kind)
    {
        if (kind == ActionKind.Discrete && info.ActionSpace is not DiscreteSpace)
            Throw.User($"Dataset {info.Dataset} has the action space {info.ActionSpace}; this algorithm needs discrete actions. Choose another dataset or algorithm.");
        if (kind == ActionKind.Continuous && info.ActionSpace is DiscreteSpace)
            Throw.User($"Dataset {info.Dataset} has the action space {info.ActionSpace}; this algorithm needs continuous actions. Choose another dataset or algorithm.");
    }

    // Null: not prioritized.
    static PriorityOptions? Priorities(ReplaySettings settings)
    {
        var (needs, config) = (settings.Needs, settings.Replay);
        if (needs.PriorityExponent == 0)
            return null;
        if (config.Order == "returns")
            Throw.User("replay.order is 'returns' and the algorithm's priority_exponent is above 0; expected one of the two. Use replay.order=uniform, or set priority_exponent to 0.");
        return new()
        {
            Exponent = needs.PriorityExponent,
            Correction = needs.PriorityCorrection,
            FinalCorrection = config.FinalPriorityCorrection,
            AnnealSteps = Math.Max(1, config.PriorityAnnealSteps > 0 ? config.PriorityAnnealSteps : settings.Steps),
            Epsilon = config.PriorityEpsilon,
            WeightsOverAll = config.PriorityWeightsOver == "buffer",
        };
    }

    static DrawOrder Order(TransitionIndex index, ReplaySettings settings, PriorityOptions? priorities) =>
        priorities is not null ? new PrioritizedOrder(index.Count, priorities)
        : settings.Replay.Order == "returns" ? new GroupedOrder(index.EpisodeFirstItem, ReturnWeights.Of(index.Selection, settings.Replay.ReturnTemperature))
        : new UniformOrder(index.Count);
}
