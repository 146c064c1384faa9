using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>The wrappers that an identity asks for around observations of one space, in their order.</summary>
sealed class WrapperPlan
{
    readonly List<Func<int, RowStage>> _stages = [];

    WrapperPlan(Space observations) => ObservationSpace = observations;

    /// <summary>Times that an action is taken, at least 1.</summary>
    public int Repeats { get; private init; }

    /// <summary>Whether the maximum of the last two frames of a repeat is shown.</summary>
    public bool ShowsMaximum { get; private init; }

    /// <summary>Positive infinity where rewards are not limited.</summary>
    public double RewardBound { get; private init; }

    /// <summary>Steps as the agent counts them; <see cref="int.MaxValue"/> where there is no limit of the wrapper's.</summary>
    public int TimeLimit { get; private init; }

    /// <summary>As they come out.</summary>
    public Space ObservationSpace { get; private set; }

    /// <summary>Numbers of a row before the newest observation as it came in, which is the rest of the row; null where none of it is left.</summary>
    public int? NewestObservation { get; private set; } = 0;

    public bool ChangesReturns => Repeats > 1 || double.IsFinite(RewardBound) || TimeLimit < int.MaxValue;

    public bool IsEmpty => !ChangesReturns && _stages.Count == 0;

    /// <exception cref="UserErrorException">A wrapper does not fit the observations.</exception>
    public static WrapperPlan Make(EnvironmentDefinition definition, Space observations, EnvironmentIdentity identity)
    {
        var values = WrapperParameters.Of(definition)
            .Where(p => identity.Parameters.TryGetValue(p.Name, out var value) && !value.Equals(p.Default))
            .ToDictionary(p => p.Name, p => identity.Parameters[p.Name], StringComparer.Ordinal);
        var repeat = Whole(WrapperParameters.ActionRepeat);
        var skip = Whole(WrapperParameters.FrameSkip);
        if (repeat > 0 && skip > 0)
            throw Throw.RepeatAndSkip(identity);
        if (skip > 0 && observations is not BoxSpace { ElementType: ElementType.UInt8 })
            throw Throw.WrapperNeedsImage(identity, WrapperParameters.FrameSkip, "the maximum of two frames is one of bytes; action_repeat repeats on any observations", observations);

        var plan = new WrapperPlan(observations)
        {
            Repeats = Math.Max(1, repeat + skip),
            ShowsMaximum = skip > 0,
            RewardBound = values.GetValueOrDefault(WrapperParameters.RewardClip, double.PositiveInfinity),
            TimeLimit = Whole(WrapperParameters.TimeLimit) is > 0 and var limit ? limit : int.MaxValue,
        };
        if (Whole(WrapperParameters.Grey) > 0)
            plan.Add(GreyStage.Result(identity, plan.ObservationSpace), (space, _) => new GreyStage(space), keeps: null);
        if (Whole(WrapperParameters.Resize) is > 0 and var side)
            plan.Add(ResizeStage.Result(identity, plan.ObservationSpace, side), (space, _) => new ResizeStage(space, side), keeps: null);
        if (values.TryGetValue(WrapperParameters.Noise, out var deviation))
            plan.Add(NoiseStage.Result(identity, plan.ObservationSpace), (space, count) => new NoiseStage(space.FlatSize, deviation, count), plan.NewestObservation);
        if (Whole(WrapperParameters.Delay) is > 0 and var delay)
            plan.Add(plan.ObservationSpace, (space, count) => new DelayStage(space.FlatSize, delay, count), plan.NewestObservation);
        if (Whole(WrapperParameters.FrameStack) is > 0 and var stack)
        {
            var keeps = ImageLayout.Of(plan.ObservationSpace) is { IsChannelLast: true } ? null : plan.NewestObservation + ((stack - 1) * plan.ObservationSpace.FlatSize);
            plan.Add(StackStage.Result(identity, plan.ObservationSpace, stack), (space, count) => new StackStage(space, stack, count), keeps);
        }

        return plan;

        int Whole(string name) => (int)values.GetValueOrDefault(name);
    }

    /// <summary>The step limit around an environment with one.</summary>
    public int MaxEpisodeSteps(int inner) =>
        Math.Min(TimeLimit, inner == int.MaxValue ? inner : (int)(((long)inner + Repeats - 1) / Repeats));

    /// <summary>What rows go through, for <paramref name="count"/> instances.</summary>
    public RowStage[] Stages(int count) => [.. _stages.Select(make => make(count))];

    void Add(Space result, Func<Space, int, RowStage> make, int? keeps)
    {
        var input = ObservationSpace;
        _stages.Add(count => make(input, count));
        (ObservationSpace, NewestObservation) = (result, keeps);
    }
}
