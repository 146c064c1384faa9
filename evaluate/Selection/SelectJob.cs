using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>What a selection left behind.</summary>
/// <param name="Folder">The committed report.</param>
/// <param name="Summary">Its <c>summary.json</c>.</param>
/// <param name="Trials">The curve of scores against online trials; empty without a truth.</param>
public sealed record SelectResult(string Folder, ReportSummary Summary, IReadOnlyList<TrialRow> Trials);

/// <summary>Chooses among policies by their estimates, and says how good that choice is where the truth is known.</summary>
public static class SelectJob
{
    /// <summary>
    /// Which estimator decides where none is named: weighted ones first, since they are the steadier, and those that rest on a fitted value
    /// alone do not decide unless they are named, since nothing checks them against the log. Those that are not named here come between, as the report has them.
    /// </summary>
    public static IReadOnlyList<string> Order { get; } = ["wdr", "magic", "wpdis", "wis", "sndr", "snips"];

    static readonly string[] Unchecked = ["dm", "model_based"];

    /// <summary>Ranks, chooses and writes the report.</summary>
    /// <exception cref="UserErrorException">A report does not exist, is damaged, or the two do not fit together.</exception>
    public static SelectResult Run(SelectConfig config, Workspace workspace, TimeProvider time, CancellationToken cancellation)
    {
        var folder = ReportFolder.Find(workspace, config.Estimates);
        var summary = ReportSummary.Read(folder);
        var estimates = Estimates(config, folder);
        var truthFolder = config.Truth.Length > 0 ? ReportFolder.Find(workspace, config.Truth) : null;
        var truthSummary = truthFolder is null ? null : ReportSummary.Read(truthFolder);
        var truth = truthFolder is null ? null : TrueValues.Read(config, truthFolder, summary.Environment, estimates[0].Discount);
        var notes = new List<string>(LogOfRuns.Notes(workspace, summary, estimates));
        if (truth is not null)
        {
            SnapshotHash.RequireSame([(folder, summary.Snapshots), (truthFolder!, truthSummary!.Snapshots)]);
            notes.AddRange(truth.Notes);
            estimates = InBoth(config, estimates, truth, folder, truthFolder!, notes);
        }

        cancellation.ThrowIfCancellationRequested();
        var rankings = Rankings(config, estimates, truth);
        using var report = ReportFolder.Create(workspace, config.Name, config);
        var stream = RandomStream.Create(config.Seed, "selection");
        var selection = rankings.Select(r => SelectionTable.Of(r, truth?.IsSameQuantity == true, config, stream.Derive("bootstrap"))).ToList();
        var trials = new List<TrialRow>();
        if (truth is not null)
        {
            var truths = rankings[0].Truths!;
            selection.Add(SelectionTable.Uniform(truths));
            trials = TrialCurves.Of(config, rankings.Where(r => r.Criterion == config.Criterion), truth, stream.Derive("trials"), cancellation);
            if (truths.Max() == truths.Min())
                notes.Add("All policies have the same true value: there is nothing to choose, and no rank correlation.");
        }

        var choice = Choose(config, rankings);
        var agreement = Agreement(rankings);
        var result = new ReportSummary
        {
            Job = SelectConfig.JobName,
            Created = time.GetUtcNow(),
            Datasets = summary.Datasets,
            Policies = ReportedPolicy.Of(estimates.Select(e => e.Candidate).Distinct().Select(c => (c.Algorithm, c.Policy, c.Seed, c.Step))),
            Snapshots = summary.Snapshots,
            Environment = summary.Environment,
            Seed = config.Seed,
            Reports = new[] { folder, truthFolder }.OfType<string>().Select(f => Path.GetFileName(f)).ToList(),
            BehaviorReturn = summary.BehaviorReturn,
            Notes = notes,
            Selection = selection,
            Agreement = agreement,
            Choice = choice,
        };
        TabularResults.Write(Path.Combine(report.Folder, "ranking"), rankings.SelectMany(r => RankingRows(r, config, truth)).ToList());
        TabularResults.Write(Path.Combine(report.Folder, "selection"), selection);
        if (agreement.Count > 0)
            TabularResults.Write(Path.Combine(report.Folder, "agreement"), agreement);
        if (trials.Count > 0)
            TabularResults.Write(Path.Combine(report.Folder, "trials"), trials);
        JsonFiles.Write(Path.Combine(report.Folder, ReportSummary.FileName), result);
        HtmlReport.Write(report.Folder, result, config.Confidence);
        return new SelectResult(report.Commit(), result, trials);
    }

    static IReadOnlyList<CandidateEstimate> Estimates(SelectConfig config, string folder)
    {
        var estimates = EstimateFile.Read(folder);
        var logs = estimates.Select(e => FormattableString.Invariant($"{e.Dataset}, {e.Split}, discount {e.Discount}")).Distinct().ToList();
        if (logs.Count > 1)
            throw EvaluateThrow.SeveralLogs(folder, logs);
        var known = estimates.Select(e => e.Estimator).Distinct().ToList();
        if (config.Estimators.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
            throw EvaluateThrow.NoEstimator(unknown, folder, known);
        var candidates = estimates.Select(e => e.Candidate).Distinct().ToList();
        if (candidates.Count == 1)
            throw EvaluateThrow.OnePolicy(folder, candidates[0].ToString());
        return config.Estimators.Count == 0 ? estimates : estimates.Where(e => config.Estimators.Contains(e.Estimator)).ToList();
    }

    static List<CandidateEstimate> InBoth(SelectConfig config, IReadOnlyList<CandidateEstimate> estimates, TrueValues truth, string folder, string truthFolder, List<string> notes)
    {
        var common = estimates.Where(e => truth.Returns.ContainsKey(e.Candidate.Key(config.IgnoreOptions))).ToList();
        if (common.Count == 0)
            throw EvaluateThrow.NoCommonPolicies(folder, estimates[0].Candidate.ToString(), truthFolder, truth.Returns.Keys.First().ToString());
        var policies = common.Select(e => e.Candidate).Distinct().ToList();
        if (policies.Count == 1)
            throw EvaluateThrow.OneCommonPolicy(policies[0].ToString());
        var all = estimates.Select(e => e.Candidate).Distinct().Count();
        if (policies.Count < all)
            notes.Add(FormattableString.Invariant($"{all - policies.Count} of {all} estimated policies have no rollouts in the truth and are left out."));
        if (config.IgnoreOptions)
            notes.Add("Options are ignored: the truth is of the runs' own policies, and the estimates may be of softened ones. No error is computed.");
        return common;
    }

    static List<EstimatorRanking> Rankings(SelectConfig config, IReadOnlyList<CandidateEstimate> estimates, TrueValues? truth)
    {
        var groups = estimates.GroupBy(e => (e.Estimator, e.ValueModel)).ToList();
        var several = groups.GroupBy(g => g.Key.Estimator).Where(g => g.Skip(1).Any()).Select(g => g.Key).ToHashSet(StringComparer.Ordinal);
        return groups.OrderBy(g => Place(g.Key.Estimator)).SelectMany(g => Enum.GetValues<SelectionCriterion>().Select(criterion => new EstimatorRanking(
            several.Contains(g.Key.Estimator) ? $"{g.Key.Estimator} ({g.Key.ValueModel})" : g.Key.Estimator,
            criterion,
            [.. g],
            truth is null ? null : g.Select(e => truth.Returns[e.Candidate.Key(config.IgnoreOptions)].Average()).ToArray()))).ToList();

        int Place(string estimator)
        {
            var order = config.Estimators.Count > 0 ? config.Estimators : Order;
            for (var i = 0; i < order.Count; i++)
            {
                if (order[i] == estimator)
                    return i;
            }

            return order.Count + (Unchecked.Contains(estimator) ? 1 : 0);
        }
    }

    /// <summary>
    /// The first estimator that can rank decides; those before it are named with why they cannot. One that nothing checks against the log decides
    /// only where it was named: it ranks with confidence whether it is right or not.
    /// </summary>
    static SelectionChoice Choose(SelectConfig config, IReadOnlyList<EstimatorRanking> rankings)
    {
        var mine = rankings.Where(r => r.Criterion == config.Criterion).ToList();
        var asked = mine.Where(r => config.Estimators.Count > 0 || !IsUnchecked(r)).ToList();
        var deciding = asked.FirstOrDefault(r => r.Choice is not null);
        var passed = string.Join("; ", asked.TakeWhile(r => r != deciding).GroupBy(r => r.Fault).Select(g => $"{string.Join(", ", g.Select(r => r.Name))}: {g.Key}"));
        if (deciding is not null)
            return new SelectionChoice(deciding.Choice!.Candidate, deciding.Name, config.Criterion, $"{Reason(deciding)}{(passed.Length > 0 ? $" Asked before: {passed}." : "")}");
        var other = mine.Except(asked).FirstOrDefault(r => r.Choice is not null);
        var hint = other is null ? "" : $" {other.Name} would choose {other.Choice!.Candidate}, and nothing checks it against the log; name it with --estimator {other.Ordered[0].Estimator} to choose by it.";
        return new SelectionChoice(null, null, config.Criterion, $"No estimator can rank these policies{(passed.Length > 0 ? $" ({passed})" : "")}. Use a log with shorter episodes or more of them, softer policies (,epsilon=E), another estimator, or online trials.{hint}");
    }

    static bool IsUnchecked(EstimatorRanking ranking) => Unchecked.Contains(ranking.Ordered[0].Estimator);

    static string Reason(EstimatorRanking ranking)
    {
        var choice = ranking.Choice!;
        var first = ranking.Ordered[0] == choice ? "It" : $"Of the policies whose estimates are to be trusted ({ranking.Eligible} of {ranking.Ordered.Count}) it";
        var what = ranking.Criterion == SelectionCriterion.Estimate ? "estimate" : "lower bound";
        var reason = FormattableString.Invariant($"{first} has the highest {what} by {ranking.Name}, {choice.Value(ranking.Criterion):g6} (estimate {choice.Estimate:g6}, verdict '{choice.Verdict.Split(':')[0]}'); its interval lies above those of {ranking.Apart} of {ranking.Eligible - 1} others");
        if (ranking.Truths is not { } truths)
            return reason + ".";
        var truth = truths[ranking.Ordered.ToList().IndexOf(choice)];
        return reason + FormattableString.Invariant($"; its true value is {truth:g6}, {truths.Max() - truth:g3} below the best.");
    }

    static List<AgreementRow> Agreement(IReadOnlyList<EstimatorRanking> rankings)
    {
        var rows = new List<AgreementRow>();
        foreach (var criterion in rankings.GroupBy(r => r.Criterion))
        {
            var same = criterion.ToList();
            for (var x = 0; x < same.Count; x++)
            {
                for (var y = x + 1; y < same.Count; y++)
                    rows.Add(SelectionTable.Agreement(same[x], same[y]));
            }
        }

        return rows;
    }

    static IEnumerable<RankingRow> RankingRows(EstimatorRanking ranking, SelectConfig config, TrueValues? truth) => ranking.Ordered.Select((e, i) => new RankingRow
    {
        Estimator = ranking.Name,
        ValueModel = e.ValueModel,
        Criterion = SelectionTable.Text(ranking.Criterion),
        Rank = double.IsNaN(ranking.Values[i]) ? null : i + 1,
        Algorithm = e.Candidate.Algorithm,
        Policy = e.Candidate.Policy,
        Seed = e.Candidate.Seed,
        Step = e.Candidate.Step,
        Estimate = e.Estimate,
        Low = e.Low,
        High = e.High,
        EffectiveSampleSize = e.EffectiveSampleSize,
        Verdict = e.Verdict,
        Truth = ranking.Truths?[i],
        TruthStandardError = truth?.Returns[e.Candidate.Key(config.IgnoreOptions)] is { Length: > 1 } returns ? EpisodeStatistic.Mean(returns).StandardError() : null,
        TruthRank = ranking.Truths is { } truths ? 1 + truths.Count(t => t > truths[i]) : null,
    });
}
