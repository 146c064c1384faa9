using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Evaluate;

/// <summary>Runs policies on environments and scores them.</summary>
public static class RolloutJob
{
    /// <summary>Rolls out and writes the report.</summary>
    /// <exception cref="UserErrorException">Something named does not exist or does not fit.</exception>
    public static ReportResult Run(RolloutConfig config, Workspace workspace, IJobProgress progress, TimeProvider time, CancellationToken cancellation)
    {
        var specs = config.Policies.Select(PolicySpec.Parse).ToList();
        var dataset = config.Dataset.Length > 0 ? Dataset.Open(workspace, config.Dataset) : null;
        var policies = PolicyResolver.Resolve(specs, workspace, config.Environment, dataset?.Manifest.Environment);
        var tasks = RolloutTask.Resolve(config.Tasks, config.Environment, policies.Recorded);
        if (config.Name.Length == 0)
            config = config with { Name = ReportFolder.NameFor(policies.Candidates[0].Policy, RolloutConfig.JobName) };
        using var report = ReportFolder.Create(workspace, config.Name, config);

        if (config.Draw)
            RolloutPictures.Require(tasks);
        using var saved = config.SaveDataset.Length > 0 ? SavedTrajectories.Create(config, workspace, policies.Candidates, tasks, time) : null;
        var references = tasks.Select(t => ReferenceReturns.Of(t.Identity)).OfType<ReferenceReturns>().ToList();
        var rows = Rollout(config, policies.Candidates, tasks, progress, cancellation, saved);
        var scores = ScoreTable.Of(rows, references, config.Confidence, config.Resamples, RandomStream.Create(config.Seed, "score-bootstrap"), cancellation);
        var methods = MethodTables.Of(rows, references, config.Confidence, config.Resamples, RandomStream.Create(config.Seed, "method-bootstrap"), cancellation);
        var trajectories = saved?.Commit();
        var summary = new ReportSummary
        {
            Job = RolloutConfig.JobName,
            Created = time.GetUtcNow(),
            Datasets = (dataset is null ? [] : new[] { new DatasetReference(dataset.FullName, dataset.Manifest.ContentHash) }).Concat(policies.Datasets).Distinct().ToList(),
            Policies = ReportedPolicy.Of(policies.Candidates.Select(c => (c.Algorithm, c.Policy, c.Seed, c.Step))),
            Snapshots = SnapshotHash.Of(policies.Candidates),
            Seed = config.Seed,
            SavedDataset = trajectories is null ? null : new DatasetReference($"{trajectories.Name}-v{trajectories.Version}", trajectories.ContentHash),
            BehaviorReturn = dataset?.Manifest.Statistics.Return?.Mean ?? BehaviorReturn(workspace, policies.Datasets),
            References = references,
            Notes = saved is null ? methods.Notes : [.. methods.Notes, .. saved.Notes],
            Scores = scores,
            Aggregates = methods.Aggregates,
            Improvements = methods.Improvements,
        };
        TabularResults.Write(Path.Combine(report.Folder, "rollouts"), rows);
        TabularResults.Write(Path.Combine(report.Folder, "scores"), scores);
        if (config.Draw)
            TabularResults.Write(Path.Combine(report.Folder, RolloutPictures.Folder), RolloutPictures.Draw(config, policies.Candidates, tasks, report.Folder, progress, cancellation));
        methods.Write(report.Folder);
        JsonFiles.Write(Path.Combine(report.Folder, ReportSummary.FileName), summary);
        HtmlReport.Write(report.Folder, summary, config.Confidence, rows, workspace);
        return new ReportResult(report.Commit(), summary);
    }

    /// <summary>Every policy on every task, in order; policies are spread over workers, each of which loads its own.</summary>
    internal static IReadOnlyList<RolloutRow> Rollout(RolloutConfig config, IReadOnlyList<PolicyCandidate> policies, IReadOnlyList<RolloutTask> tasks, IJobProgress progress, CancellationToken cancellation, SavedTrajectories? saved = null)
    {
        var outcomes = new EpisodeOutcome[policies.Count][][];
        var done = 0;
        progress.Report("rolling out", 0, policies.Count);
        try
        {
            // A dataset's rows are in the order of the policies, whatever the workers.
            if (saved is not null)
            {
                for (var i = 0; i < policies.Count; i++)
                    Play(i);
            }
            else
            {
                Parallel.For(
                    0,
                    policies.Count,
                    new ParallelOptions { MaxDegreeOfParallelism = config.Workers == 0 ? Environment.ProcessorCount : config.Workers, CancellationToken = cancellation },
                    Play);
            }
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<UserErrorException>().FirstOrDefault() is { } first)
        {
            throw new UserErrorException(first.Message, first);
        }

        return policies.SelectMany((policy, p) => tasks.SelectMany((task, t) => outcomes[p][t].Select((outcome, episode) => Row(config, policy, task, episode, outcome)))).ToList();

        void Play(int i)
        {
            var policy = policies[i].Load();
            try
            {
                outcomes[i] = RolloutBatch.Run(policy, tasks, config.Episodes, config.Seed, config.Discount, config.BatchSize, cancellation, saved?.SinkOf(policies[i]));
            }
            finally
            {
                (policy as IDisposable)?.Dispose();
            }

            progress.Report("rolling out", Interlocked.Increment(ref done), policies.Count);
        }
    }

    static RolloutRow Row(RolloutConfig config, PolicyCandidate policy, RolloutTask task, int episode, EpisodeOutcome outcome) => new()
    {
        Algorithm = policy.Algorithm,
        Policy = policy.Policy,
        Task = task.Name,
        Environment = task.Identity.ToString(),
        Label = task.Label switch { VariantLabel.Nominal => "nominal", VariantLabel.HeldOut => "held_out", _ => "unknown" },
        Seed = policy.Seed,
        Step = policy.Step,
        IsLast = policy.IsLast,
        RolloutSeed = (long)config.Seed,
        Episode = episode,
        Return = outcome.Return,
        Length = outcome.Length,
        Terminated = outcome.Terminated,
        Truncated = outcome.Truncated,
        Success = outcome.Success,
        DiscountedReturn = outcome.DiscountedReturn,
        Discount = config.Discount,
    };

    // The log of the runs is often here too; where it is not, the report does without.
    static double? BehaviorReturn(Workspace workspace, IReadOnlyList<DatasetReference> datasets)
    {
        if (datasets.Count != 1 || !Directory.Exists(Path.Combine(workspace.DataFolder, datasets[0].Name)))
            return null;
        var manifest = Dataset.Open(workspace, datasets[0].Name).Manifest;
        return manifest.ContentHash == datasets[0].ContentHash ? manifest.Statistics.Return?.Mean : null;
    }
}
