using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;

namespace OfflineRL.Evaluate;

/// <summary>Where q and v of doubly robust and direct estimators come from.</summary>
public sealed record ValueConfig : IValidatable
{
    /// <summary>The default value is none: importance sampling alone.</summary>
    public ValueKind Kind { get; init; } = ValueKind.None;

    /// <summary>
    /// With columns: the stored column of q(s_t, a) over all actions (a list, or the common start of numbered columns), or
    /// of q(s_t, a_t) alone, which then needs <see cref="V"/>. Names with or without <c>info_</c>.
    /// </summary>
    public string Q { get; init; } = "";

    /// <summary>With columns: the stored column of v(s_t); empty: the policy's mean of q over actions.</summary>
    public string V { get; init; } = "";

    /// <summary>
    /// Fitted values of an episode come from the episodes of other folds. The default value is 2; 1 fits on the log itself,
    /// which makes doubly robust estimates collapse to the model's, and is named in the report.
    /// </summary>
    public int Folds { get; init; } = 2;

    /// <summary>Which return the values are of. The default value is auto.</summary>
    public ValueHorizon Horizon { get; init; } = ValueHorizon.Auto;

    /// <summary>Of linear fits: added to the mean of squared features, which have deviation 1. The default value is 1e-6.</summary>
    public double Ridge { get; init; } = 1e-6;

    /// <summary>Actions of the policy that stand for its distribution at each point of the log, where actions are continuous. The default value is 8.</summary>
    public int Draws { get; init; } = 8;

    /// <summary>Of deep fits: network, optimizer, steps. Returns are scaled to a root mean square of 1 before.</summary>
    public FittedQConfig Deep { get; init; } = new();

    /// <summary>Where deep fits run: <c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>. The default value is auto.</summary>
    public string Device { get; init; } = "auto";

    public IEnumerable<string> Validate()
    {
        if (Folds is < 1 or > 100)
            yield return FormattableString.Invariant($"folds is {Folds}; expected 1 (on the log itself) to 100.");
        if (!(Ridge >= 0))
            yield return FormattableString.Invariant($"ridge is {Ridge}; expected a number of at least 0.");
        if (Draws is < 1 or > 1000)
            yield return FormattableString.Invariant($"draws is {Draws}; expected 1 to 1000.");
        if (Kind == ValueKind.Columns && Q.Length == 0)
            yield return "q is not set; expected the column of q(s, a), such as q: q_hat, since kind is columns.";
        if (Kind != ValueKind.Columns && (Q.Length > 0 || V.Length > 0))
            yield return $"q and v name columns, and kind is {Kind.ToString().ToLowerInvariant()}; expected kind: columns.";
    }
}

/// <summary>What kind of model gives q and v.</summary>
public enum ValueKind
{
    None,

    /// <summary>Stored with the log.</summary>
    Columns,

    /// <summary>One number for each state and action.</summary>
    Tabular,

    /// <summary>Linear in features of observation and action.</summary>
    Linear,

    /// <summary>A network (fitted Q evaluation).</summary>
    Deep,

    /// <summary>A model of dynamics and rewards, rolled out.</summary>
    Model,
}

/// <summary>Which return values are of.</summary>
public enum ValueHorizon
{
    /// <summary>Finite where an episode of the log was cut, so that all estimators mean the same; else both are the same.</summary>
    Auto,

    /// <summary>To the end of the logged episode, wherever it was cut.</summary>
    Finite,

    /// <summary>On to termination, or for ever: what comes after a cut is bootstrapped.</summary>
    Infinite,
}
