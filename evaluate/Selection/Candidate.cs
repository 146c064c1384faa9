using System.Globalization;

namespace OfflineRL.Evaluate;

/// <summary>A policy that can be chosen: one snapshot of one seed of one configuration.</summary>
/// <param name="Algorithm">Such as <c>dqn</c>.</param>
/// <param name="Policy">The run with its options.</param>
/// <param name="Seed">Null where there was no training.</param>
/// <param name="Step">Null where there was no training.</param>
public sealed record Candidate(string Algorithm, string Policy, long? Seed, int? Step)
{
    /// <summary>The run's name, without options and without <c>@offline_best</c>.</summary>
    public string Run => Policy.Split(',', '@')[0];

    public override string ToString() => Policy
        + (Seed is { } seed ? string.Create(CultureInfo.InvariantCulture, $", seed {seed}") : "")
        + (Step is { } step ? string.Create(CultureInfo.InvariantCulture, $", step {step}") : "");

    /// <summary>The same, or the run itself where options do not count.</summary>
    internal Candidate Key(bool ignoreOptions) => ignoreOptions && Algorithm is not "builtin" and not "columns" ? this with { Policy = Policy.Split(',')[0] } : this;
}
