using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Tabular;
using TorchSharp;

namespace OfflineRL.Train;

/// <summary>
/// The training side of a loop: one seed that learns from data to which episodes are added between its steps. Still offline in
/// that it sees stored rows alone; who records them, and with what, is the caller's.
/// </summary>
public sealed class GrowingTraining : IDisposable
{
    readonly IGrowingSeed _training;
    readonly RunLock _lock;
    readonly TrainingColumns _columns;
    readonly string _run;

    GrowingTraining(IGrowingSeed training, RunLock held, TrainingColumns columns, string run) => (_training, _lock, _columns, _run) = (training, held, columns, run);

    /// <summary>Gradient steps done.</summary>
    public int Step => _training.Step;

    /// <summary>The config as a loop needs it: what depends on data that is not there yet is refused, what copies data to the device turned off.</summary>
    /// <param name="config">Its dataset is the plain name of the one that grows; its steps are those of the whole loop.</param>
    /// <param name="roundSteps">Gradient steps after a round.</param>
    /// <exception cref="UserErrorException">Something in it needs all of the data.</exception>
    public static TrainConfig Fit(TrainConfig config, int roundSteps)
    {
        Config.Check(config);
        if (TabularTable.Find(config.Algorithm) is not null)
            return FitTable(config);
        if (config.Algorithm == "world_model")
            Throw.User("train.algorithm is world_model, which learns no policy to record with; expected a learner of one. Record first, and train the model on what was recorded.");
        if (config.Algorithm == "world_models")
            Throw.User("train.algorithm is world_models, which learns encoder, memory and controller once each over a whole run; a loop needs a learner that goes on with the data, such as vae_dreamer or dreamer. Or record, train world_models, and record with its policy.");
        const string Reason = "the data of a loop is not all there when training begins";
        if (config.Normalization.Rewards != "none")
            Throw.User($"train.normalization.rewards is {config.Normalization.Rewards}, and {Reason}; expected none. reward_scale and reward_clip work.");
        if (config.Replay.Order != "uniform" || config.Replay.TopShare < 1)
            Throw.User($"train.replay chooses episodes by their return, and {Reason}; expected order uniform and top_share 1. Draws by priority work: set the algorithm's priority_exponent.");
        if (config.Replay.Placement == "device")
            Throw.User("train.replay.placement is 'device', and columns that grow are read from the host; expected auto or host.");
        if (AlgorithmTable.Of(config).Section(config) is CategoricalConfig { Low: null } or CategoricalConfig { High: null })
            Throw.User($"train.{config.Algorithm}.low and .high are taken from the data where they are not set, and {Reason}; set both to the lowest and highest discounted return.");
        if (AssumesOnPolicy(config) && config.Replay.NewestRounds != 1)
            Throw.User($"train.replay.newest_rounds is {config.Replay.NewestRounds}, and {config.Algorithm} learns from what its own policy recorded just now, nothing older; expected 1. Learners that weigh older episodes, such as ppo, take others.");
        if (Folds.Count(config) > 0)
            Throw.User($"train.bc.folds is {config.Bc.Folds}, and {Reason}; leave it out, and clone the committed dataset by folds afterwards.");
        if (config.Guard.HeldOutSplit.Length > 0)
            Throw.User($"train.guard.held_out_split is '{config.Guard.HeldOutSplit}', and {Reason}; leave it out, and compare the stored policies by 'offlinerl evaluate rollout'.");
        var row = AlgorithmTable.Of(config);
        var section = row.Section(config);
        config = row.With(config, section.InRounds(roundSteps));
        // A model is measured on what is held out by then, whatever that is.
        var guard = section.LearnsModel ? config.Guard : config.Guard with { HeldOutTransitions = 0 };
        return config with { Replay = config.Replay with { Placement = "host", PrefetchBatches = "0" }, Guard = guard };
    }

    /// <summary>Whether a learner's policy draws its actions from the start, so that a loop needs no other data to begin with.</summary>
    /// <param name="config">Checked.</param>
    public static bool ActsUntaught(TrainConfig config) => TabularTable.Find(config.Algorithm) is null && AlgorithmTable.Of(config).Section(config) is EpisodeConfig;

    /// <summary>Whether a learner takes all data for its own policy's, recorded just now.</summary>
    /// <param name="config">Checked.</param>
    public static bool AssumesOnPolicy(TrainConfig config) =>
        TabularTable.Find(config.Algorithm) is null && AlgorithmTable.Of(config).Section(config) is PolicyGradientConfig { AssumesOnPolicy: true };

    /// <summary>Whether a learner learns from pieces of episodes of the newest round.</summary>
    /// <param name="config">Checked.</param>
    public static bool LearnsFromFragments(TrainConfig config) =>
        TabularTable.Find(config.Algorithm) is null && config.Replay is { NewestRounds: 1, FrameStack: 1 } && AlgorithmTable.Of(config).Section(config) is EpisodeConfig { LearnsFromFragments: true };

    /// <summary>Opens a seed of a run, which is made where it is not there.</summary>
    /// <param name="config">As <see cref="Fit"/> gives it.</param>
    /// <param name="workspace">The run lies in its runs folder.</param>
    /// <param name="columns">What is there already, at least one transition unless the learner <see cref="ActsUntaught"/>; outlives this.</param>
    /// <param name="warmup">Rows that the columns had when training began: normalizers are fitted on them.</param>
    /// <param name="seed">One of the config's.</param>
    /// <param name="steps">Gradient steps that were done when the columns were as they are; what was stored after them is taken back.</param>
    /// <param name="progress">Told of events.</param>
    /// <param name="time">For status and log; null: the system's clock.</param>
    /// <exception cref="UserErrorException">Config, data, device or an existing run folder do not fit, or its checkpoint is lost.</exception>
    public static GrowingTraining Open(TrainConfig config, Workspace workspace, TrainingColumns columns, long warmup, ulong seed, int steps, IJobProgress progress, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        DatasetFit.Check(config, columns);
        var data = TrainingData.Of(columns);
        var method = TabularTable.Find(config.Algorithm);
        var device = torch.CPU;
        FirstData? first = null;
        if (method is null)
        {
            config = AlgorithmTable.Resolve(config, data);
            device = DeviceChoice.Resolve(config.Device);
            TorchExtras.Threads = config.Threads;
            first = FirstData.Of(config, columns, warmup);
            // What is wrong with dataset or network shows here, before there is a folder.
            SeedTraining.LessonsOf(config, data, seed, torch.CPU, first).Dispose();
            TrainJob.Learner(config, first.Describe(data.Info), first.Fitted.Encoder, RandomStream.Create(seed, "train/init"), torch.CPU).Dispose();
        }

        var run = RunFolder.PrepareGrowing(workspace, config, columns.Info, time.GetUtcNow());
        var folder = Directory.CreateDirectory(RunFolder.SeedFolder(run, seed)).FullName;
        var held = RunLock.Take(folder);
        IGrowingSeed? training = null;
        try
        {
            Checkpoints.DropAfter(folder, steps);
            training = method is TabularTable.Incremental table
                ? new GrowingTabular(config, table, data, run, seed, progress, time)
                : new SeedTraining(config, data, run, seed, device, progress, time, first);
            training.Begin();
            if (training.Step != steps)
                Throw.User($"{folder} has a checkpoint of step {training.Step}, and the loop stands at step {steps}; its checkpoints are lost. Start another run with --name.");
            return new(training, held, columns, run);
        }
        catch
        {
            training?.Dispose();
            held.Dispose();
            throw;
        }
    }

    // Until an action was taken, nothing says that it does not count: what is made up of it the loop will correct.
    static TrainConfig FitTable(TrainConfig config) => config.Algorithm switch
    {
        "monte_carlo" => config with { MonteCarlo = config.MonteCarlo with { LeastActionCount = 0 } },
        "sarsa" => config with { Sarsa = config.Sarsa with { LeastActionCount = 0 } },
        "expected_sarsa" => config with { ExpectedSarsa = config.ExpectedSarsa with { LeastActionCount = 0 } },
        "q_learning" => config with { QLearning = config.QLearning with { LeastActionCount = 0 } },
        _ => Refuse(config),
    };

    static TrainConfig Refuse(TrainConfig config)
    {
        Throw.User($"train.algorithm is {config.Algorithm}, which says what a policy is worth, or solves a whole log at once; a loop needs one that improves the policy as it goes, such as sarsa, q_learning or dqn. Record first, then train {config.Algorithm} on that dataset.");
        return config;
    }

    /// <summary>Takes in the episodes that were appended to the columns since.</summary>
    public void Extend() => _training.Extend();

    /// <summary>Steps until <paramref name="steps"/> are done.</summary>
    /// <exception cref="CheckFailedException">The learner diverged; the status says so.</exception>
    public void Advance(int steps)
    {
        try
        {
            _training.Advance(steps);
        }
        catch (CheckFailedException e)
        {
            _training.Fail(e.Message);
            throw;
        }
    }

    /// <summary>Whether the learner learns within episodes, by <see cref="See"/>: then one instance and rounds of one step are what the textbook has.</summary>
    public bool LearnsOnline => _training.LearnsOnline;

    /// <summary>Learns from the steps so far of the one episode under way. It comes again with its later steps, and whole by <see cref="Extend"/>; no step is learned from twice.</summary>
    public void See(in EpisodeColumns underWay) => _training.See(underWay);

    /// <summary>What the learner would do now. It is a copy and the caller's; policies of other steps take over its state.</summary>
    public LearnedPolicy Acting() => _training.Acting();

    /// <summary>Stores policy and checkpoint, just after the columns were committed as a dataset.</summary>
    /// <param name="state">Running, or finished.</param>
    public void Save(RunState state)
    {
        _training.Save(state);
        RunFolder.SaveOrigin(_run, _columns.Info);
    }

    /// <summary>Says in the status that it goes on from what was saved last.</summary>
    public void Interrupt() => _training.Interrupt();

    public void Dispose()
    {
        _training.Dispose();
        _lock.Dispose();
    }
}
