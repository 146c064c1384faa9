using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using TorchSharp;

namespace OfflineRL.Train;

/// <summary>
/// The offline criterion: the learner's own error on transitions or episodes that it does not learn from, the same ones at every call.
/// </summary>
sealed class HeldOutScore : IDisposable
{
    const int BatchSize = 1_024;

    static readonly ReplayState Start = new() { Batch = 0 };

    readonly Lessons _lessons;
    readonly int _batches;

    HeldOutScore(Lessons lessons, int batches) => (_lessons, _batches) = (lessons, batches);

    /// <summary>The score of a seed; null where the config asks for none or the datasets have no other part in common.</summary>
    /// <param name="config">Checked by the caller.</param>
    /// <param name="data">What is learned from, of which another part is read.</param>
    /// <param name="fitted">Normalisers of the part that is learned from.</param>
    /// <param name="seed">Decides which transitions.</param>
    /// <param name="device">Where the learner is.</param>
    /// <exception cref="UserErrorException">The part that the config names is not there.</exception>
    public static HeldOutScore? Create(TrainConfig config, TrainingData data, FittedNormalization fitted, ulong seed, torch.Device device)
    {
        // A model of a fold has its own data that it does not learn from: the fold.
        var fold = Folds.HeldOut(config, seed);
        if (config.Guard.HeldOutTransitions == 0 || (fold is null ? Split(config, data) : config.Split) is not { } split)
            return null;
        // Every transition of the part alike: neither errors nor returns choose what is measured.
        var settings = SeedTraining.Settings(config);
        // Of sequences as many as hold so many transitions.
        var steps = settings.Needs.BatchSteps;
        var batch = Math.Max(1, Math.Min(BatchSize, config.Guard.HeldOutTransitions) / steps);
        settings = settings with
        {
            Needs = settings.Needs with { PriorityExponent = 0 },
            BatchSize = batch,
            Split = split,
            Fold = fold,
            Fitted = fitted,
            Replay = new() { FrameStack = config.Replay.FrameStack, Placement = "host", PrefetchBatches = "0" },
        };
        if (settings.Needs.WholeEpisodes)
            settings = settings with { Needs = settings.Needs with { Episodes = EpisodesOf(config, data, split) } };
        var lessons = Lessons.Of(data, settings, RandomStream.Create(seed, "train/held_out"), device);
        return new HeldOutScore(lessons, settings.Needs.WholeEpisodes ? 1 : (config.Guard.HeldOutTransitions + (batch * steps) - 1) / (batch * steps));
    }

    /// <summary>The mean over the batches; waits for the device.</summary>
    public double Of(ILearner learner)
    {
        _lessons.Replay.Restore(Start, []);
        var sum = 0.0;
        for (var i = 0; i < _batches; i++)
        {
            using var scope = torch.NewDisposeScope();
            sum += _lessons.HeldOutError(learner).ToDouble();
        }

        return sum / _batches;
    }

    public void Dispose() => _lessons.Dispose();

    // As many as hold about so many transitions; 0, which is all of the part, where it has no more.
    static int EpisodesOf(TrainConfig config, TrainingData data, string split)
    {
        var selections = data.Sources.Select(source => EpisodeSelection.Of(source.Columns, split)).ToList();
        var (steps, episodes) = (selections.Sum(s => s.Steps), selections.Sum(s => (long)s.Episodes.Length));
        return steps <= config.Guard.HeldOutTransitions ? 0 : (int)Math.Max(1, config.Guard.HeldOutTransitions * episodes / steps);
    }

    /// <summary>The part that snapshots are compared on. Named: it must be there. Not named: one that has episodes in every dataset; null: there is none.</summary>
    internal static string? Split(TrainConfig config, TrainingData data)
    {
        if (config.Guard.HeldOutSplit.Length > 0)
            return config.Guard.HeldOutSplit;
        return data.Info.Splits
            .Where(name => name != config.Split && data.Sources.All(source => HasEpisodes(source.Columns, name)))
            .OrderBy(name => name == "validation" ? 0 : 1)
            .FirstOrDefault();
    }

    static bool HasEpisodes(TrainingColumns columns, string split)
    {
        var parts = columns.EpisodeSplit.Slice(0, columns.Episodes);
        for (var i = 0; i < columns.Info.Splits.Count; i++)
        {
            if (columns.Info.Splits[i] == split)
                return parts.Contains((byte)i);
        }

        return false;
    }
}
