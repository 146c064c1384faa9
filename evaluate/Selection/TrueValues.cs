using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Returns of rolled-out policies on the task that counts as the truth.</summary>
/// <param name="Returns">By policy.</param>
/// <param name="IsSameQuantity">Whether they are what the estimates estimate: the log's environment, the same discount, the same options.</param>
/// <param name="Notes">What is not the same, in words.</param>
sealed record TrueValues(IReadOnlyDictionary<Candidate, double[]> Returns, bool IsSameQuantity, IReadOnlyList<string> Notes)
{
    /// <summary>Reads a report of rollouts.</summary>
    /// <param name="config">Names the task.</param>
    /// <param name="folder">The report.</param>
    /// <param name="environment">The log's; null where it is not known.</param>
    /// <param name="discount">Of the estimates.</param>
    /// <exception cref="UserErrorException">There are no rollouts, not on that environment, or an episode of a policy is there twice.</exception>
    public static TrueValues Read(SelectConfig config, string folder, string? environment, double discount)
    {
        var path = Path.Combine(folder, "rollouts.csv");
        if (!File.Exists(path))
            throw EvaluateThrow.NoRollouts(folder);
        var rows = RolloutFile.Read(path);
        var notes = new List<string>();
        var chosen = OfTask(config, folder, rows, environment, notes);
        var discounted = discount != 1 && chosen.All(r => r.DiscountedReturn is not null && r.Discount == discount);
        var same = environment is not null && chosen.All(r => r.Environment == environment) && (discount == 1 || discounted) && !config.IgnoreOptions;
        if (discount != 1 && !discounted)
            notes.Add(FormattableString.Invariant($"The estimates have discount {discount}, and the truth is the undiscounted return: no error is computed. Roll out with --set discount={discount} to have the same quantity."));
        var returns = new Dictionary<Candidate, double[]>();
        foreach (var policy in chosen.GroupBy(r => new Candidate(r.Algorithm, r.Policy, r.Seed, r.Step).Key(config.IgnoreOptions)))
        {
            var seen = new HashSet<(long, int)>();
            if (policy.FirstOrDefault(r => !seen.Add((r.RolloutSeed, r.Episode))) is { } twice)
                throw EvaluateThrow.DuplicateTruth(folder, policy.Key.ToString(), twice.Episode);
            returns.Add(policy.Key, policy.Select(r => discounted ? r.DiscountedReturn!.Value : r.Return).ToArray());
        }

        return new TrueValues(returns, same, notes);
    }

    static List<RolloutRow> OfTask(SelectConfig config, string folder, IReadOnlyList<RolloutRow> rows, string? environment, List<string> notes)
    {
        var tasks = rows.Select(r => r.Environment == r.Task ? r.Task : $"{r.Task} ({r.Environment})").Distinct().ToList();
        if (config.Task.Length > 0)
        {
            var named = rows.Where(r => r.Task == config.Task || r.Environment == config.Task).ToList();
            if (named.Count == 0)
                throw EvaluateThrow.NoTruthTask(folder, config.Task, tasks);
            if (environment is not null && named.Any(r => r.Environment != environment))
                notes.Add($"The truth is of {named[0].Environment}, and the log is of {environment}: the estimates are of another quantity, and no error is computed.");
            return named;
        }

        if (environment is not null)
        {
            var there = rows.Where(r => r.Environment == environment).ToList();
            return there.Count > 0 ? there : throw EvaluateThrow.TruthElsewhere(folder, environment, tasks);
        }

        var nominal = rows.Where(r => r.Label == "nominal").ToList();
        var only = nominal.Count > 0 ? nominal : rows;
        if (only.Select(r => r.Environment).Distinct().Skip(1).Any() || only.Count == 0)
            throw EvaluateThrow.NoTruthTask(folder, "", tasks);
        notes.Add($"The report of estimates does not name the log's environment; the truth is of {only[0].Environment}, and no error is computed.");
        return [.. only];
    }
}
