using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using OfflineRL.Torch;
using TorchSharp;

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
    public static TrainResult Run(TrainConfig config, Workspace workspace, TrainingColumns columns, IJobProgress progress, CancellationToken token, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        config = config with
        {
            Dataset = columns.Info.Dataset,
            Name = config.Name.Length > 0 ? config.Name : $"{columns.Info.Dataset}-{config.Algorithm}",
        };
        Config.Check(config);
        DatasetFit.Check(config, columns);
        config = AlgorithmTable.Resolve(config, columns);
        var seeds = SeedList.Parse(config.Seeds);
        var device = DeviceChoice.Resolve(config.Device);
        TorchExtras.Threads = config.Threads;
        // What is wrong with dataset or network shows here, before there is a folder.
        using (var trial = SeedTraining.Sampler(config, columns, seeds[0], device))
            progress.Line($"training {config.Algorithm} on {columns.Info.Dataset} ({trial.Count:N0} transitions), {device}, seeds {string.Join(", ", seeds)}");
        var folder = RunFolder.Prepare(workspace, config, columns.Info, time.GetUtcNow());

        var results = new List<SeedResult>();
        var locks = new List<RunLock>();
        try
        {
            // All of them before the first step, so that two jobs over the same seeds do not both start.
            foreach (var seed in seeds)
                locks.Add(RunLock.Take(Directory.CreateDirectory(RunFolder.SeedFolder(folder, seed)).FullName));
            foreach (var seed in seeds)
            {
                using var training = new SeedTraining(config, columns, folder, seed, device, progress, time);
                results.Add(training.Run(token));
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

    internal static ILearner Learner(TrainConfig config, ColumnsInfo dataset, RandomStream random, torch.Device device) =>
        AlgorithmTable.Of(config).Create(config, new LearnerSetup(dataset.ObservationSpace, ((DiscreteSpace)dataset.ActionSpace).Count, config.Steps, random, device));
}
