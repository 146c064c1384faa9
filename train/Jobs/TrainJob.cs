using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Tabular;
using OfflineRL.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Train;

/// <summary>Trains the seeds of a config one after the other into one run folder, and resumes what an earlier job left.</summary>
public static class TrainJob
{
    /// <summary>Runs to the end, to an interruption, or to an error.</summary>
    /// <param name="config">Its name may be empty; its dataset is replaced by the columns' full name.</param>
    /// <param name="workspace">The run appears in its runs folder.</param>
    /// <param name="columns">What is learned from; outlives the call.</param>
    /// <param name="progress">Told of each step and each event.</param>
    /// <param name="token">Cancelled: the seed at work writes a checkpoint, and the job returns.</param>
    /// <param name="time">For status and log; null: the system's clock.</param>
    /// <exception cref="UserErrorException">Config, dataset, device or an existing run folder do not fit; nothing is left behind then.</exception>
    /// <exception cref="CheckFailedException">A seed diverged; the others were trained before it is thrown.</exception>
    public static TrainResult Run(TrainConfig config, Workspace workspace, TrainingColumns columns, IJobProgress progress, CancellationToken token, TimeProvider? time = null) =>
        Run(config, workspace, TrainingData.Of(columns), progress, token, time);

    /// <inheritdoc cref="Run(TrainConfig, Workspace, TrainingColumns, IJobProgress, CancellationToken, TimeProvider?)"/>
    /// <param name="data">What is learned from; outlives the call.</param>
    public static TrainResult Run(TrainConfig config, Workspace workspace, TrainingData data, IJobProgress progress, CancellationToken token, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        config = config with
        {
            Dataset = data.Info.Dataset,
            Name = config.Name.Length > 0 ? config.Name : $"{NameOf(data)}-{config.Algorithm}",
        };
        Config.Check(config);
        foreach (var source in data.Sources)
            DatasetFit.Check(config, source.Columns);
        if (TabularTable.Find(config.Algorithm) is { } tabular)
            return RunTabular(config, tabular, workspace, data, progress, time, token);
        config = Folds.Resolve(AlgorithmTable.Resolve(config, data));
        var seeds = SeedList.Parse(config.Seeds);
        var device = DeviceChoice.Resolve(config.Device);
        TorchExtras.Threads = config.Threads;
        var modelNotes = ModelFiles.Check(config, data);
        // What is wrong with dataset or network shows here, before there is a folder.
        using (var trial = SeedTraining.LessonsOf(config with { Replay = config.Replay with { Placement = "host", PrefetchBatches = "0" } }, data, seeds[0], CPU))
        using (HeldOutScore.Create(config, data, trial.Replay.Fitted, seeds[0], CPU))
        {
            Learner(config, data.Info, trial.Replay.Encoder, RandomStream.Create(seeds[0], "train/init"), CPU).Dispose();
            var kind = SeedTraining.Settings(config).Needs.WholeEpisodes ? "episodes" : "transitions";
            progress.Line($"training {config.Algorithm} on {data.Info.Dataset} ({trial.Replay.Count:N0} {kind}), {device}, seeds {string.Join(", ", seeds)}");
        }

        if (GrowingTraining.AssumesOnPolicy(config))
            progress.Line($"{config.Algorithm} takes what {data.Info.Dataset} holds for its own policy's actions, and does not correct for another's. Use ppo or trpo, whose ratios are against the log, or 'offlinerl loop'.");

        foreach (var note in (IEnumerable<string>)[.. SeedTraining.PropensityNotes(config, data), .. modelNotes])
            progress.Line(note);
        var folder = RunFolder.Prepare(workspace, config, data.Info, time.GetUtcNow());
        return RunSeeds(config, folder, seeds, seed =>
        {
            using var training = new SeedTraining(config, data, folder, seed, device, progress, time);
            return training.Run(token);
        });
    }

    // Tables need neither a device nor libtorch, and are not asked for one.
    static TrainResult RunTabular(TrainConfig config, TabularTable.Row method, Workspace workspace, TrainingData data, IJobProgress progress, TimeProvider time, CancellationToken token)
    {
        var seeds = SeedList.Parse(config.Seeds);
        var log = new TabularLog(data, config.Split);
        progress.Line($"training {config.Algorithm} on {data.Info.Dataset} ({log.Steps:N0} transitions, {log.States:N0} states, {log.Actions} actions), seeds {string.Join(", ", seeds)}");
        var folder = RunFolder.Prepare(workspace, config, data.Info, time.GetUtcNow());
        return RunSeeds(config, folder, seeds, seed =>
        {
            using var training = new TabularTraining(config, method, log, data.Info, folder, seed, progress, time);
            return training.Run(token);
        });
    }

    static TrainResult RunSeeds(TrainConfig config, string folder, IReadOnlyList<ulong> seeds, Func<ulong, SeedResult> train)
    {
        var results = new List<SeedResult>();
        var locks = new List<RunLock>();
        try
        {
            // All of them before the first step, so that two jobs over the same seeds do not both start.
            foreach (var seed in seeds)
                locks.Add(RunLock.Take(Directory.CreateDirectory(RunFolder.SeedFolder(folder, seed)).FullName));
            foreach (var seed in seeds)
            {
                results.Add(train(seed));
                if (results[^1].State == RunState.Interrupted)
                    break;
            }
        }
        finally
        {
            foreach (var held in locks)
                held.Dispose();
        }

        var failed = results.Where(result => result.State == RunState.Failed).ToList();
        if (failed.Count > 0)
            throw new CheckFailedException(string.Join('\n', failed.Select(result => $"seed {result.Seed} of run {config.Name}: {result.Error}")));
        return new TrainResult(config.Name, folder, results);
    }

    // Several datasets by their names, without the shares: a run's name is a folder.
    static string NameOf(TrainingData data) => string.Join('+', data.Sources.Select(source => source.Columns.Info.Dataset));

    /// <summary>Cloning speaks in units of the data's spread; policies that will leave it, in those of what they may do.</summary>
    internal static ActionUnits? Units(TrainConfig config, ColumnsInfo dataset) =>
        AlgorithmTable.Of(config).Section(config).ActionDistribution is not null ? ActionUnits.OfBounds(dataset) : ActionUnits.Of(dataset);

    internal static ILearner Learner(TrainConfig config, ColumnsInfo dataset, ObservationEncoder encoder, RandomStream random, torch.Device device)
    {
        var outputs = dataset.ActionSpace is DiscreteSpace discrete ? discrete.Count : 2 * dataset.ActionSpace.FlatSize;
        var setup = new LearnerSetup(encoder.FeatureSpace, outputs, config.Steps, random, device)
        {
            ActionUnits = Units(config, dataset),
            ActionSpace = dataset.ActionSpace,
            BatchSize = config.BatchSize,
            Rewards = config.Normalization is { Rewards: "none", RewardScale: 1, RewardClip: 0 } ? dataset.Statistics.Reward : null,
        };
        return AlgorithmTable.Of(config).Create(config, setup);
    }
}
