using OfflineRL.Datasets;

namespace OfflineRL.Train.WorldModels.Planning;

/// <summary>Settings of planning through a world model.</summary>
public sealed record PlanningConfig : IValidatable
{
    /// <summary>The best of uniform action sequences.</summary>
    public const string RandomShooting = "random_shooting";

    /// <summary>The cross-entropy method.</summary>
    public const string CrossEntropy = "cem";

    /// <summary>Gradients of the return through the model.</summary>
    public const string Gradient = "gradient";

    internal const string StraightThrough = "straight_through";
    internal const string Softmax = "softmax";

    internal static readonly string[] Planners = [RandomShooting, CrossEntropy, Gradient];

    /// <summary><c>random_shooting</c>, <c>cem</c> or <c>gradient</c>. The default value is <c>cem</c>.</summary>
    public string Planner { get; init; } = CrossEntropy;

    /// <summary>H: steps that a plan has. Not set: what a stored model's held-out errors allow, else 15.</summary>
    public int? Horizon { get; init; }

    /// <summary>C: action sequences that are tried at once for each state. Not set: 1,000 of random shooting, 256 of CEM, 8 of gradients.</summary>
    public int? Candidates { get; init; }

    /// <summary>Rounds of draws of CEM, or steps of the gradient; random shooting has one round. Not set: 5, or 20.</summary>
    public int? Iterations { get; init; }

    /// <summary>Share of the candidates that the next round's distribution is fitted to, in (0, 1]. The default value is 0.1.</summary>
    public double EliteShare { get; init; } = 0.1;

    /// <summary>Share of the distribution before that stays in the next one, in [0, 1). The default value is 0.1.</summary>
    public double Momentum { get; init; } = 0.1;

    /// <summary>Standard deviation of the first round's continuous actions, in half widths of their range. The default value is 0.5.</summary>
    public double InitialDeviation { get; init; } = 0.5;

    /// <summary>Standard deviation below which no round falls, in half widths. The default value is 0.</summary>
    public double MinDeviation { get; init; }

    /// <summary>How much of the first round's discrete probabilities the plan of the step before has, in [0, 1); the rest is uniform. The default value is 0.5.</summary>
    public double WarmShare { get; init; } = 0.5;

    /// <summary>Adam's first step size, in half widths of the range or in logits; it falls linearly to 0. The default value is 0.1.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>What the gradient of a discrete action goes through: <c>straight_through</c> or <c>softmax</c>. The default value is <c>straight_through</c>.</summary>
    public string Relaxation { get; init; } = StraightThrough;

    /// <summary>gamma: what a reward is worth one step later, in [0, 1]. Not set: that of the values where they count, else 0.99.</summary>
    public double? Discount { get; init; }

    /// <summary>Whether what comes after a plan counts as the stored model's values say. The default value is false.</summary>
    public bool Value { get; init; }

    /// <summary>What the model's disagreement takes off each reward. Not set: what a stored model's held-out errors ask for, else 0.</summary>
    public double? Penalty { get; init; }

    /// <summary>H, with its default filled in.</summary>
    internal int Steps => Horizon ?? 15;

    /// <summary>gamma, with its default filled in.</summary>
    internal double Gamma => Discount ?? 0.99;

    /// <summary>C, with its default filled in.</summary>
    internal int CandidateCount => Candidates ?? Planner switch { RandomShooting => 1000, Gradient => 8, _ => 256 };

    /// <summary>Rounds or steps, with their default filled in.</summary>
    internal int IterationCount => Iterations ?? (Planner == Gradient ? 20 : 5);

    /// <summary>K: how many candidates the share is, at least 1.</summary>
    internal int Elites => Math.Clamp((int)Math.Round(EliteShare * CandidateCount), 1, CandidateCount);

    public IEnumerable<string> Validate()
    {
        if (!Planners.Contains(Planner))
            yield return $"plan is '{Planner}'; expected one of the planners.{NearestName.Hint(Planner, Planners)}";
        if (Relaxation is not (StraightThrough or Softmax))
            yield return $"relaxation is '{Relaxation}'; expected {StraightThrough} or {Softmax}.";
        foreach (var (key, value, most) in new[] { ("horizon", Steps, 1000), ("candidates", CandidateCount, 1_000_000), ("iterations", IterationCount, 10_000) })
        {
            if (value < 1 || value > most)
                yield return $"{key} is {value}; expected 1 to {most}.";
        }

        foreach (var (key, value) in new[] { ("momentum", Momentum), ("warm_share", WarmShare) })
        {
            if (!(value is >= 0 and < 1))
                yield return $"{key} is {value}; expected a number in [0, 1).";
        }

        if (!(EliteShare is > 0 and <= 1))
            yield return $"elite_share is {EliteShare}; expected a number in (0, 1].";
        if (!(Gamma is >= 0 and <= 1))
            yield return $"discount is {Discount}; expected a number in [0, 1].";
        foreach (var (key, value) in new[] { ("initial_deviation", InitialDeviation), ("learning_rate", LearningRate) })
        {
            if (!(value > 0 && double.IsFinite(value)))
                yield return $"{key} is {value}; expected a positive number.";
        }

        foreach (var (key, value) in new[] { ("min_deviation", MinDeviation), ("penalty", Penalty ?? 0) })
        {
            if (!(value >= 0 && double.IsFinite(value)))
                yield return $"{key} is {value}; expected a number of at least 0.";
        }
    }
}
