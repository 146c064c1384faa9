using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>What an evaluation left behind.</summary>
/// <param name="Folder">The committed report.</param>
/// <param name="Summary">Its <c>summary.json</c>.</param>
public sealed record ReportResult(string Folder, ReportSummary Summary);

/// <summary>Estimates policies' returns from a log alone.</summary>
public static class OpeJob
{
    // Rows that a policy scores at a time.
    const int ChunkRows = 8192;

    /// <summary>Estimates and writes the report.</summary>
    /// <exception cref="UserErrorException">Something named does not exist or does not fit, or the dataset does not know how its actions were drawn.</exception>
    public static ReportResult Run(OpeConfig config, Workspace workspace, IJobProgress progress, TimeProvider time, CancellationToken cancellation)
    {
        var specs = config.Policies.Select(PolicySpec.Parse).ToList();
        using var columns = Dataset.OpenColumns(workspace, config.Dataset, progress, cancellation);
        RequirePropensities(columns.Info);
        var log = LoggedRows.Of(columns, config.Split);
        var acting = PolicyResolver.Resolve(specs.Where(s => s is not ColumnsPolicySpec).ToList(), workspace, config.Environment, columns.Info.Environment);
        var policies = acting.Candidates.Select(c => new Evaluated(c.Algorithm, c.Policy, c.Seed, c.Step, c, null))
            .Concat(specs.OfType<ColumnsPolicySpec>().Select(s => new Evaluated("columns", s.Text["columns:".Length..], null, null, null, s)))
            .ToList();
        if (config.Name.Length == 0)
            config = config with { Name = ReportFolder.NameFor(policies[0].Policy, OpeConfig.JobName) };

        using var report = ReportFolder.Create(workspace, config.Name, config);
        var rows = new List<EstimateRow>();
        for (var i = 0; i < policies.Count; i++)
        {
            progress.Report("estimating", i, policies.Count, policies[i].Policy);
            rows.AddRange(Estimate(config, columns, log, policies[i], cancellation));
        }

        progress.Report("estimating", policies.Count, policies.Count);
        var summary = new ReportSummary
        {
            Job = OpeConfig.JobName,
            Created = time.GetUtcNow(),
            Datasets = acting.Datasets.Prepend(new DatasetReference(columns.Info.Dataset, columns.Info.ContentHash)).Distinct().ToList(),
            Policies = ReportedPolicy.Of(policies.Select(p => (p.Algorithm, p.Policy, p.Seed, p.Step))),
            Snapshots = SnapshotHash.Of(acting.Candidates),
            Environment = columns.Info.Environment?.ToString(),
            Seed = config.Seed,
            BehaviorReturn = log.MeanReturn(),
            Estimates = rows,
        };
        TabularResults.Write(Path.Combine(report.Folder, "estimates"), rows);
        JsonFiles.Write(Path.Combine(report.Folder, ReportSummary.FileName), summary);
        return new ReportResult(report.Commit(), summary);
    }

    static void RequirePropensities(ColumnsInfo info)
    {
        if (info.PropensitySource == PropensitySource.Unknown)
            throw EvaluateThrow.UnknownPropensities(info.Dataset);
    }

    static List<EstimateRow> Estimate(OpeConfig config, TrainingColumns columns, LoggedRows log, Evaluated evaluated, CancellationToken cancellation)
    {
        var (episodes, support) = Score(columns, log, evaluated, cancellation);
        var weights = WeightDiagnostics.Of(episodes);
        var behavior = Estimators.BehaviorReturn(episodes, config.Discount).Value;
        var statistics = config.Estimators.Select(e => Statistic(e, episodes, config.Discount)).ToList();
        // One stream for all policies: they are compared on the same resamples.
        var replicates = Bootstrap.OverEpisodes(statistics, config.Resamples, RandomStream.Create(config.Seed, "ope-bootstrap"), cancellation);
        return config.Estimators.Select((estimator, i) =>
        {
            var interval = !double.IsFinite(statistics[i].Value) || episodes.Count < 2 ? Interval.None
                : config.Interval == IntervalMethod.Percentile ? Bootstrap.Percentile(replicates[i], config.Confidence)
                : Bootstrap.BiasCorrected(replicates[i], statistics[i].Value, statistics[i].Influence(), config.Confidence);
            return new EstimateRow
            {
                Algorithm = evaluated.Algorithm,
                Policy = evaluated.Policy,
                Seed = evaluated.Seed,
                Step = evaluated.Step,
                Dataset = columns.Info.Dataset,
                Split = config.Split.Length > 0 ? config.Split : "all",
                Estimator = estimator.ToString().ToLowerInvariant(),
                Estimate = Finite(statistics[i].Value),
                Low = Finite(interval.Low),
                High = Finite(interval.High),
                StandardError = Finite(statistics[i].StandardError()),
                UndefinedResamples = replicates[i].Count(double.IsNaN) / (double)config.Resamples,
                BehaviorReturn = behavior,
                Discount = config.Discount,
                Episodes = episodes.Count,
                Steps = episodes.Steps,
                EffectiveSampleSize = weights.EffectiveSampleSize,
                MeanWeight = Finite(weights.MeanWeight),
                MaxWeight = Finite(weights.MaxWeight),
                TopEpisodeShare = weights.TopEpisodeShare,
                TopTenPercentShare = weights.TopTenPercentShare,
                ZeroWeightEpisodes = weights.ZeroWeightEpisodes,
                ZeroRatioSteps = episodes.ZeroRatioSteps,
                UnsupportedSteps = support?.Steps,
                UnsupportedMass = support?.Mass,
                Propensities = columns.Info.PropensitySource.ToString().ToLowerInvariant(),
                Verdict = Verdict(weights, statistics[i].Value, support),
            };
        }).ToList();
    }

    static EpisodeStatistic Statistic(Estimator estimator, LoggedEpisodes episodes, double discount) => estimator switch
    {
        Estimator.Is => Estimators.ImportanceSampling(episodes, discount),
        Estimator.Wis => Estimators.WeightedImportanceSampling(episodes, discount),
        Estimator.Pdis => Estimators.PerDecisionImportanceSampling(episodes, discount),
        _ => Estimators.WeightedPerDecisionImportanceSampling(episodes, discount),
    };

    static string Verdict(WeightDiagnostics weights, double estimate, Support? support)
    {
        var text = weights.Verdict();
        if (weights.EffectiveSampleSize > 0 && !double.IsFinite(estimate))
            text = double.IsNaN(estimate)
                ? "undefined: from some step on, no logged episode follows the policy"
                : "overflow: a weight does not fit into a double; look at wis and wpdis";
        return support is { Steps: > 0 } ? FormattableString.Invariant($"{text}; {support.Mass:0.###} of the policy's actions were never logged") : text;
    }

    /// <summary>Evaluation log-probabilities of all rows, in chunks, and what of the policy the log cannot show.</summary>
    static (LoggedEpisodes Episodes, Support? Support) Score(TrainingColumns columns, LoggedRows log, Evaluated evaluated, CancellationToken cancellation)
    {
        var policy = evaluated.Candidate?.Load();
        if (policy is not null)
            PolicySpaces.RequireFit(policy, columns.Info.ObservationSpace, columns.Info.ActionSpace, columns.Info.Dataset);
        if (policy?.CreateState(1) is not null)
            throw EvaluateThrow.PolicyWithMemory(evaluated.Policy);
        if (policy is { HasPropensities: false })
            throw EvaluateThrow.PolicyWithoutDensity(evaluated.Policy, policy.ActionSpace);
        IEvaluationPolicy scorer = policy is null ? new StoredPolicy(evaluated.Columns!, columns) : new ComputedPolicy(policy, columns);
        try
        {
            var actions = columns.Info.ActionSpace is DiscreteSpace discrete && columns.BehaviorProbabilities is not null ? discrete.Count : 0;
            var logProbabilities = new double[log.Rewards.Length];
            var probabilities = new double[Math.Min(ChunkRows, logProbabilities.Length) * actions];
            var support = new Support();
            foreach (var (row, first, count) in log.Chunks(ChunkRows))
            {
                cancellation.ThrowIfCancellationRequested();
                var asked = probabilities.AsSpan(0, count * actions);
                scorer.Score(row, logProbabilities.AsSpan(first, count), asked);
                if (actions > 0)
                    support.Add(asked, columns.BehaviorProbabilities!.Slice(row, count), actions);
            }

            var episodes = LoggedEpisodes.Create(log.FirstRow, log.Rewards, logProbabilities, log.BehaviorLogProbabilities);
            return (episodes, actions > 0 ? support.Over(episodes.Steps) : null);
        }
        finally
        {
            (policy as IDisposable)?.Dispose();
        }
    }

    static double? Finite(double value) => double.IsFinite(value) ? value : null;

    sealed record Evaluated(string Algorithm, string Policy, long? Seed, int? Step, PolicyCandidate? Candidate, ColumnsPolicySpec? Columns);

    /// <summary>Where the evaluation policy acts as the behavior policy never does.</summary>
    sealed class Support
    {
        public long Steps { get; set; }

        public double Mass { get; set; }

        public void Add(ReadOnlySpan<double> evaluation, ReadOnlySpan<double> behavior, int actions)
        {
            for (var i = 0; i < evaluation.Length; i += actions)
            {
                var mass = 0.0;
                for (var a = i; a < i + actions; a++)
                    mass += behavior[a] == 0 ? evaluation[a] : 0;
                Steps += mass > 0 ? 1 : 0;
                Mass += mass;
            }
        }

        public Support Over(int steps)
        {
            Mass /= steps;
            return this;
        }
    }
}
