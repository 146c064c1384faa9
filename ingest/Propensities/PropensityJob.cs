using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>The models that estimate, as the caller found them.</summary>
/// <param name="Spec">What the user named, such as <c>run:cartpole-bc</c>.</param>
/// <param name="ContentHash">Of the dataset that they were learned from; null: unknown.</param>
/// <param name="Models">One a fold, in order; a single one judges every episode, seen or not.</param>
public sealed record BehaviorModels(string Spec, string? ContentHash, IReadOnlyList<IPolicy> Models);

/// <summary>How good the estimates of one fold are.</summary>
/// <param name="Fold">Its number; -1: all together.</param>
/// <param name="Episodes">In it.</param>
/// <param name="Steps">In it.</param>
/// <param name="LogLikelihood">Mean of ln pi(a given s) by the model that did not see the episode.</param>
/// <param name="Accuracy">Share of steps whose action the model holds likeliest; NaN for continuous actions.</param>
/// <param name="CalibrationError">Expected calibration error; NaN for continuous actions.</param>
public sealed record FoldCalibration(int Fold, long Episodes, long Steps, double LogLikelihood, double Accuracy, double CalibrationError);

/// <summary>A committed estimate.</summary>
/// <param name="Manifest">Of the new version.</param>
/// <param name="Folds">One each, and all together at the end.</param>
/// <param name="Baseline">The log-likelihood of always saying how often each action is taken; NaN for continuous actions.</param>
public sealed record PropensityResult(DatasetManifest Manifest, IReadOnlyList<FoldCalibration> Folds, double Baseline);

/// <summary><c>offlinerl ingest propensities</c>: a new version of a dataset with propensities that models of the behavior estimate.</summary>
public static class PropensityJob
{
    /// <summary>Writes and commits. Interrupted or failed, it leaves nothing.</summary>
    /// <param name="workspace">Gets the new version.</param>
    /// <param name="dataset">Whose steps are scored.</param>
    /// <param name="name">Of the new dataset; null: the same, next version.</param>
    /// <param name="behavior">What estimates.</param>
    /// <param name="replace">Whether logged propensities may be replaced.</param>
    /// <param name="progress">Told of the rows.</param>
    /// <param name="cancellation">Looked at between episodes.</param>
    /// <exception cref="UserErrorException">The dataset has propensities, or the models do not fit it.</exception>
    public static PropensityResult Run(Workspace workspace, Dataset dataset, string? name, BehaviorModels behavior, bool replace, IJobProgress progress, CancellationToken cancellation)
    {
        var manifest = dataset.Manifest;
        if (manifest.PropensitySource == PropensitySource.Logged && !replace)
            throw Throw.HasPropensities(dataset.FullName);
        foreach (var model in behavior.Models)
            Require(model, manifest);
        using var columns = dataset.Compile(progress, cancellation);
        var actions = (manifest.ActionSpace as DiscreteSpace)?.Count ?? 0;
        var scores = new FoldScores(columns, behavior.Models);
        var folds = behavior.Models.Select(_ => new Calibration()).ToArray();
        var episodes = new long[folds.Length];
        var all = new Calibration();
        double[] log = [], whole = [];
        using var writer = DatasetWriter.Create(workspace, name ?? manifest.Name, Describe(manifest, behavior, actions));
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            cancellation.ThrowIfCancellationRequested();
            var steps = e.Rewards.Length;
            if (log.Length < steps)
                (log, whole) = (new double[steps], new double[steps * actions]);
            var rowLog = log.AsSpan(0, steps);
            var rowWhole = whole.AsSpan(0, steps * actions);
            scores.Read(record.FirstRow, rowLog, rowWhole);
            var fold = scores.FoldOf(checked((int)record.EpisodeId));
            episodes[fold]++;
            for (var t = 0; t < steps; t++)
            {
                if (!double.IsFinite(rowLog[t]))
                    throw Throw.NoEstimate(behavior.Spec, record.EpisodeId, t, rowLog[t]);
                var distribution = rowWhole.Slice(t * actions, actions);
                var action = actions > 0 ? e.DiscreteActions[t] : -1;
                folds[fold].Add(rowLog[t], distribution, action);
                all.Add(rowLog[t], distribution, action);
            }

            writer.WriteEpisode(e with { BehaviorLogProbabilities = rowLog, BehaviorProbabilities = rowWhole });
            progress.Report("estimate propensities", writer.Steps, manifest.Counts.Steps);
        });
        var table = folds.Select((c, i) => Row(i, episodes[i], c)).Append(Row(-1, episodes.Sum(), all)).ToList();
        var committed = writer.Commit(Provenance(manifest, behavior, table[^1]));
        return new PropensityResult(committed, table, Baseline(manifest.Statistics.ActionCounts));
    }

    static FoldCalibration Row(int fold, long episodes, Calibration c) =>
        new(fold, episodes, c.Steps, c.LogLikelihood, c.ExpectedError is double.NaN ? double.NaN : c.Accuracy, c.ExpectedError);

    static double Baseline(IReadOnlyList<long> counts)
    {
        var total = (double)counts.Sum();
        return total == 0 ? double.NaN : counts.Where(n => n > 0).Sum(n => n / total * Math.Log(n / total));
    }

    static void Require(IPolicy model, DatasetManifest manifest)
    {
        PolicySpaces.RequireFit(model, manifest.ObservationSpace, manifest.ActionSpace, manifest.FullName);
        if (model.CreateState(1) is not null)
            throw Throw.ModelWithMemory(model);
        if (!model.HasPropensities)
            throw Throw.NoPropensities(model);
    }

    static DatasetDescription Describe(DatasetManifest manifest, BehaviorModels behavior, int actions) => DatasetDescription.Of(manifest) with
    {
        PropensitySource = PropensitySource.Estimated,
        PropensityKind = actions > 0 ? PropensityKind.Probability : PropensityKind.Density,
        HasBehaviorProbabilities = actions > 0,
        Provenance = Provenance(manifest, behavior, null),
    };

    static Provenance Provenance(DatasetManifest manifest, BehaviorModels behavior, FoldCalibration? all)
    {
        var notes = new List<string>
        {
            behavior.Models.Count > 1
                ? $"Propensities are estimated by the {behavior.Models.Count} models of {behavior.Spec}, each step by the one that did not learn from its episode."
                : $"Propensities are estimated by {behavior.Spec}, one model, which may have learned from the same episodes.",
        };
        if (behavior.ContentHash is { } hash && hash != manifest.ContentHash)
            notes.Add($"The models learned from other data than {manifest.FullName}: {hash}.");
        if (all is not null)
            notes.Add(FormattableString.Invariant($"Mean log-likelihood of the logged actions {all.LogLikelihood:F4}, expected calibration error {all.CalibrationError:F4}."));
        return new Provenance
        {
            Command = "ingest propensities",
            Config = $"dataset: {manifest.FullName}\npolicy: '{behavior.Spec}'\n",
            Parents = [new(manifest.FullName, manifest.ContentHash)],
            Sources = manifest.Provenance.Sources,
            Notes = [.. manifest.Provenance.Notes, .. notes],
        };
    }
}
