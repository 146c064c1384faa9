using System.Text.Json;

namespace OfflineRL.Datasets;

/// <summary>Counts of values in bins of one width; the last bin has its upper end.</summary>
public sealed record Histogram(double Low, double High, IReadOnlyList<long> Counts);

/// <summary>How a number is distributed.</summary>
/// <param name="Count">Values.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="Std">Deviation of the population.</param>
/// <param name="Quantiles">At 0, 5, 25, 50, 75, 95 and 100 %, linear between neighbors.</param>
/// <param name="Histogram">20 bins from the least to the greatest.</param>
public sealed record Distribution(long Count, double Mean, double Std, IReadOnlyList<double> Quantiles, Histogram Histogram);

/// <summary>Episodes that share something.</summary>
/// <param name="Name">Of the policy, the part of the split, or the environment.</param>
/// <param name="Episodes">How many.</param>
/// <param name="Steps">Of all of them.</param>
/// <param name="MeanReturn">Over the episodes.</param>
/// <param name="Quantiles">Of the returns at 0, 25, 50, 75 and 100 %.</param>
public sealed record EpisodeGroup(string Name, long Episodes, long Steps, double MeanReturn, IReadOnlyList<double> Quantiles);

/// <summary>How episodes end.</summary>
/// <param name="Terminated">In a terminal state.</param>
/// <param name="Truncated">Cut, and not in a terminal state.</param>
/// <param name="Both">At the limit and in a terminal state.</param>
/// <param name="FinalObservationKnown">With the observation after the last step: only these have a last transition to bootstrap from.</param>
/// <param name="SharedKeys">Episodes beyond the first of each key: exact duplicates.</param>
public sealed record EpisodeEnds(long Terminated, long Truncated, long Both, long FinalObservationKnown, long SharedKeys);

/// <summary>How often the logged policy took one discrete action.</summary>
public sealed record ActionCount(int Action, long Steps, double Share);

/// <summary>What one dimension of a continuous action was.</summary>
/// <param name="Index">From 0.</param>
/// <param name="Low">The space's bound; null: none.</param>
/// <param name="High">The space's bound; null: none.</param>
/// <param name="AtLow">Share of steps at the bound; of the least value where there is none.</param>
/// <param name="AtHigh">Share of steps at the bound; of the greatest value where there is none.</param>
/// <param name="Covered">The range from the least to the greatest value, as a share of that of the bounds; null where there are none.</param>
public sealed record ActionRange(int Index, double? Low, double? High, double AtLow, double AtHigh, double? Covered);

/// <summary>What is known of the actions' probabilities.</summary>
/// <param name="Steps">Steps that have one.</param>
/// <param name="Share">Of all steps.</param>
/// <param name="Quantiles">Of the probabilities (of the logarithms, for densities) at 0, 1, 5, 25, 50, 75 and 100 %.</param>
/// <param name="UniformSteps">Effective number of steps for the uniform policy, (sum w)^2 / sum w^2 over the steps' ratios; null where it has no density.</param>
/// <param name="UniformEpisodes">The same over whole episodes, whose ratios are products.</param>
/// <param name="ScoredEpisodes">Episodes whose steps all have one.</param>
public sealed record PropensityCoverage(long Steps, double Share, IReadOnlyList<double> Quantiles, double? UniformSteps, double? UniformEpisodes, long ScoredEpisodes);

/// <summary>One number of a step.</summary>
/// <param name="Name">Column and index.</param>
/// <param name="Min">Least value.</param>
/// <param name="Mean">Mean.</param>
/// <param name="Std">Deviation of the population.</param>
/// <param name="Max">Greatest value.</param>
/// <param name="NaN">Values that are no number.</param>
/// <param name="Missing">Rows without a value.</param>
/// <param name="Constant">Whether all values are one.</param>
/// <param name="Histogram">20 bins; null where it was not taken.</param>
public sealed record ColumnCard(string Name, double? Min, double? Mean, double? Std, double? Max, long NaN, long Missing, bool Constant, Histogram? Histogram);

/// <summary>A text that was passed through.</summary>
public sealed record TextCard(string Name, long Different, long Missing, IReadOnlyList<string> Examples);

/// <summary>What a person wants to know of a dataset; <see cref="DatasetCardReader"/> makes it, and the command line writes it as text, JSON or a page.</summary>
public sealed record DatasetCard
{
    /// <summary>Quantiles of <see cref="Distribution"/>.</summary>
    public static readonly IReadOnlyList<double> DistributionQuantiles = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];

    /// <summary>Quantiles of <see cref="PropensityCoverage"/>.</summary>
    public static readonly IReadOnlyList<double> PropensityQuantiles = [0, 0.01, 0.05, 0.25, 0.5, 0.75, 1];

    public required string Name { get; init; }

    public required string Folder { get; init; }

    /// <summary>The manifest, whole: spaces, counts, provenance, files.</summary>
    public required DatasetManifest Manifest { get; init; }

    public required Distribution Returns { get; init; }

    /// <summary>Steps of an episode.</summary>
    public required Distribution Lengths { get; init; }

    public required Distribution Rewards { get; init; }

    public required EpisodeEnds Ends { get; init; }

    public required IReadOnlyList<EpisodeGroup> Policies { get; init; }

    public required IReadOnlyList<EpisodeGroup> Splits { get; init; }

    public required IReadOnlyList<EpisodeGroup> Environments { get; init; }

    /// <summary>Of discrete actions, in their order.</summary>
    public required IReadOnlyList<ActionCount> ActionCounts { get; init; }

    /// <summary>Of discrete actions: the entropy of how often each was taken, as a share of the greatest there is.</summary>
    public double? ActionEntropy { get; init; }

    public required IReadOnlyList<ActionRange> ActionRanges { get; init; }

    /// <summary>Null: no step has one.</summary>
    public PropensityCoverage? Propensities { get; init; }

    /// <summary>Mean number of allowed actions; null: no masks.</summary>
    public double? AllowedActions { get; init; }

    public required IReadOnlyList<ColumnCard> Columns { get; init; }

    public required IReadOnlyList<TextCard> Texts { get; init; }

    /// <summary>Steps that the columns' histograms were taken of.</summary>
    public required long HistogramSteps { get; init; }

    public DateTimeOffset? FirstTime { get; init; }

    public DateTimeOffset? LastTime { get; init; }

    /// <summary>The validation's findings, as <c>validation.json</c> has them; null: there is no such file.</summary>
    public JsonElement? Validation { get; init; }
}
