using System.Globalization;

namespace OfflineRL.Evaluate;

/// <summary>
/// What a config or a command line calls a policy: <c>run:NAME</c>, <c>builtin:NAME</c>, <c>columns:KIND=COLUMN</c> or <c>table:FILE</c>.
/// </summary>
public abstract record PolicySpec
{
    /// <summary>As the user wrote it.</summary>
    public required string Text { get; init; }

    /// <summary>Parses without touching a file.</summary>
    /// <exception cref="OfflineRL.Datasets.UserErrorException">Not one of the four forms, or an option that the form does not have.</exception>
    public static PolicySpec Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var rest = text[(colon + 1)..];
        return (colon < 0 ? "" : text[..colon]) switch
        {
            "run" when rest.Length > 0 => RunPolicySpec.ParseRest(text, rest),
            "builtin" when rest.Length > 0 => new BuiltInPolicySpec { Text = text, Policy = rest },
            "columns" when rest.Length > 0 => ColumnsPolicySpec.ParseRest(text, rest),
            "table" when rest.Length > 0 => new TablePolicySpec { Text = text, File = rest },
            _ => throw EvaluateThrow.PolicySpec(text),
        };
    }

    internal static double Number(string text, string key, string value, double least, double most) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw EvaluateThrow.PolicyOption(text, key, value, least, most);

    internal static int Whole(string text, string key, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw EvaluateThrow.PolicyOption(text, key, value, 0, int.MaxValue);

    private protected static IEnumerable<(string Key, string Value)> Options(string text, IEnumerable<string> parts)
    {
        foreach (var part in parts)
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            yield return equals > 0 ? (part[..equals].Trim(), part[(equals + 1)..].Trim()) : throw EvaluateThrow.PolicySpec(text);
        }
    }
}

/// <summary>Which of a run's stored policies.</summary>
public enum SnapshotChoice
{
    /// <summary>The one after the last step: what a user who cannot ask the environment would deploy.</summary>
    Last,

    /// <summary>Every one.</summary>
    All,

    /// <summary>The one of a given step.</summary>
    Step,

    /// <summary>The one with the smallest error on held-out transitions, which asks no environment.</summary>
    OfflineBest,
}

/// <summary>
/// <c>run:NAME[@last|@offline_best|@all|@step=N][,seed=K][,epsilon=E][,temperature=T][,greedy=true]</c>: policies of a trained run; with <c>,plan=cem</c> and options of <see cref="PlanOptions"/> planning
/// through the world models that it stored.
/// </summary>
public sealed record RunPolicySpec : PolicySpec
{
    /// <summary>A run's name or folder.</summary>
    public required string Run { get; init; }

    public SnapshotChoice Choice { get; init; } = SnapshotChoice.Last;

    /// <summary>With <see cref="SnapshotChoice.Step"/>.</summary>
    public int Step { get; init; }

    /// <summary>Null: every seed of the run.</summary>
    public int? Seed { get; init; }

    /// <summary>In [0, 1]: the share of uniform actions, instead of the stored one; above 0 every logged action has a positive probability.</summary>
    public double? Epsilon { get; init; }

    /// <summary>Instead of the stored one: 0 acts greedily, above 0 by softmax(values or logits / temperature).</summary>
    public double? Temperature { get; init; }

    /// <summary>How to plan through the run's world models; null: its policies act.</summary>
    public PlanOptions? Plan { get; init; }

    /// <summary>The options as a suffix of the policy's name in reports; empty where there are none.</summary>
    public string OptionText => Plan is not null ? Plan.Text : string.Concat(
        Temperature is { } t ? t == 0 ? ",greedy=true" : string.Create(CultureInfo.InvariantCulture, $",temperature={t}") : "",
        Epsilon is { } e ? string.Create(CultureInfo.InvariantCulture, $",epsilon={e}") : "");

    internal static RunPolicySpec ParseRest(string text, string rest)
    {
        var parts = rest.Split(',');
        var at = parts[0].LastIndexOf('@');
        var spec = new RunPolicySpec { Text = text, Run = at < 0 ? parts[0] : parts[0][..at] };
        if (spec.Run.Length == 0)
            throw EvaluateThrow.PolicySpec(text);
        if (at >= 0)
            spec = WithChoice(spec, parts[0][(at + 1)..]);
        var options = Options(text, parts.Skip(1)).ToList();
        if (options.Any(option => option.Key == "plan"))
        {
            spec = spec with { Plan = PlanOptions.Parse(text, options.Where(option => option.Key != "seed")) };
            options.RemoveAll(option => option.Key != "seed");
        }

        foreach (var (key, value) in options)
        {
            spec = key switch
            {
                "seed" => spec with { Seed = Whole(text, key, value) },
                "epsilon" => spec with { Epsilon = Number(text, key, value, 0, 1) },
                "temperature" => spec with { Temperature = Number(text, key, value, 0, 1e9) },
                "greedy" when value == "true" => spec with { Temperature = 0 },
                _ => throw EvaluateThrow.UnknownPolicyOption(text, key, "seed, epsilon, temperature, greedy=true, or plan=PLANNER with its options"),
            };
        }

        return spec;
    }

    static RunPolicySpec WithChoice(RunPolicySpec spec, string choice) => choice switch
    {
        "last" => spec with { Choice = SnapshotChoice.Last },
        "all" => spec with { Choice = SnapshotChoice.All },
        "offline_best" => spec with { Choice = SnapshotChoice.OfflineBest },
        "best" => throw EvaluateThrow.BestSnapshot(spec.Text, spec.Run),
        _ when choice.StartsWith("step=", StringComparison.Ordinal) =>
            spec with { Choice = SnapshotChoice.Step, Step = Whole(spec.Text, "step", choice["step=".Length..]) },
        _ => throw EvaluateThrow.PolicySpec(spec.Text),
    };
}

/// <summary><c>builtin:scripted?epsilon=0.1</c>: a policy that needs no training.</summary>
public sealed record BuiltInPolicySpec : PolicySpec
{
    /// <summary>What <see cref="Environments.BuiltInPolicies"/> takes.</summary>
    public required string Policy { get; init; }
}

/// <summary>
/// <c>columns:probs=COLUMN</c> or <c>columns:logits=COLUMN</c>, with <c>,temperature=T</c> or <c>,beta=B</c>: the policy
/// softmax(B x logits) whose logits (or probabilities, of which the logarithm is taken) are columns of the dataset.
/// </summary>
public sealed record ColumnsPolicySpec : PolicySpec
{
    /// <summary>A passed-through list column, the common start of its numbered columns, or <c>behavior_probs</c>.</summary>
    public required string Column { get; init; }

    /// <summary>False: the column holds probabilities.</summary>
    public required bool AreLogits { get; init; }

    /// <summary>B = 1 / temperature, above 0.</summary>
    public double Beta { get; init; } = 1;

    internal static ColumnsPolicySpec ParseRest(string text, string rest)
    {
        ColumnsPolicySpec? spec = null;
        double? beta = null;
        foreach (var (key, value) in Options(text, rest.Split(',')))
        {
            switch (key)
            {
                case "probs" or "logits" when spec is null && value.Length > 0:
                    spec = new ColumnsPolicySpec { Text = text, Column = value, AreLogits = key == "logits" };
                    break;
                case "beta" when beta is null:
                    beta = Number(text, key, value, 1e-9, 1e9);
                    break;
                case "temperature" when beta is null:
                    beta = 1 / Number(text, key, value, 1e-9, 1e9);
                    break;
                default:
                    throw EvaluateThrow.UnknownPolicyOption(text, key, "one of probs and logits, and at most one of temperature and beta");
            }
        }

        return spec is null ? throw EvaluateThrow.PolicySpec(text) : spec with { Beta = beta ?? 1 };
    }
}

/// <summary><c>table:FILE</c>: a CSV file of action probabilities, by values of observations or stored columns; see <see cref="TablePolicy"/>.</summary>
public sealed record TablePolicySpec : PolicySpec
{
    /// <summary>Its path.</summary>
    public required string File { get; init; }
}
