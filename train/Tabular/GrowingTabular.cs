using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>
/// A tabular method in a loop: every transition is learned from once, in the order of its episode, as soon as the action after it was
/// taken. With one instance and rounds of one step SARSA follows the policy that acts, and Q-learning learns beside it, as the
/// textbook has them. With more instances episodes are learned from when they are over, one after the other.
/// </summary>
sealed class GrowingTabular : IGrowingSeed
{
    readonly TrainConfig _config;
    readonly TrainingData _data;
    readonly TabularLog _log;
    readonly ITabularLearner _learner;
    readonly SeedFiles _files;
    readonly IJobProgress _progress;
    readonly TimeProvider _time;

    MetricsLog? _metrics;
    // Of the episode that comes next: what was learned from while it was under way.
    int _seen;
    int _episodes, _logged;
    long _lastLogged;

    public GrowingTabular(TrainConfig config, TabularTable.Incremental method, TrainingData data, string runFolder, ulong seed, IJobProgress progress, TimeProvider time)
    {
        (_config, _data, _progress, _time) = (config, data, progress, time);
        _files = new(config, runFolder, seed, progress, time);
        _log = new(data, config.Split);
        _learner = method.Create(config, _log);
    }

    /// <summary>Transitions learned from.</summary>
    public int Step { get; private set; }

    public void Begin()
    {
        var checkpoint = TabularCheckpoint.LoadNewest(_files.Folder, _config.Algorithm, _learner, _files.Log);
        (Step, _logged) = (checkpoint?.Step ?? 0, checkpoint?.Step ?? 0);
        _episodes = checkpoint?.Position.Episode ?? 0;
        _files.TakeBackPolicies(Step);
        _metrics = new MetricsLog(Path.Combine(_files.Folder, "metrics.jsonl"), checkpoint?.MetricsLength ?? 0);
        _lastLogged = _time.GetTimestamp();
        _files.SaveStatus(RunState.Running, Step, Step);
    }

    public void Extend() => _log.Extend();

    public void Advance(int to)
    {
        for (; _episodes < _log.Episodes; _episodes++)
        {
            for (var (step, length) = (_seen, _log.Length(_episodes)); step < length; step++)
            {
                _learner.Learn(_log[_episodes, step]);
                Step++;
            }

            _seen = 0;
        }

        if (Step - _logged >= _config.LogPeriodSteps)
            LogMetrics();
    }

    public bool LearnsOnline => true;

    public void See(in EpisodeColumns underWay)
    {
        // The last step waits for the action after it.
        for (; _seen < underWay.Rewards.Length - 1; _seen++)
        {
            var state = (int)underWay.Observations[_seen];
            _log.Allow(state, underWay.ActionMasks.IsEmpty ? [] : underWay.ActionMasks.Slice(_seen * _log.Actions, _log.Actions));
            _learner.Learn(new TabularTransition
            {
                State = state,
                Action = underWay.DiscreteActions[_seen],
                Reward = underWay.Rewards[_seen],
                NextState = (int)underWay.Observations[_seen + 1],
                NextAction = underWay.DiscreteActions[_seen + 1],
            });
            Step++;
        }
    }

    public LearnedPolicy Acting()
    {
        var solution = _learner.Solution;
        var weights = TabularPolicyFile.Weights(solution, _log.States, _log.Actions);
        return LearnedPolicy.Of(Describe(_files.PolicyName, solution), (name, _) => name == TabularPolicyFile.WeightName ? weights : new float[_log.Actions]);
    }

    public void Save(RunState state)
    {
        if (Step > _logged)
            LogMetrics();
        var solution = _learner.Solution;
        using (var pending = PendingFolder.Create(StepFolders.PathOf(RunFolder.PoliciesFolder(_files.Folder), Step)))
        {
            TabularPolicyFile.Write(pending.FolderPath, solution, _log.States, _log.Actions);
            JsonFiles.Write(Path.Combine(pending.FolderPath, PolicyDescription.FileName), Describe(string.Create(CultureInfo.InvariantCulture, $"{_files.PolicyName}/step-{Step}"), solution));
            pending.Commit();
        }

        TabularCheckpoint.Save(_files.Folder, new TabularCheckpoint
        {
            Algorithm = _config.Algorithm,
            Step = Step,
            Position = new(0, _episodes, 0),
            MetricsLength = _metrics!.Commit(),
        }, _learner);
        _files.SaveStatus(state, Step, Step);
    }

    public void Interrupt() => _files.SaveStatus(RunState.Interrupted, Step, Step);

    public void Fail(string error) => _files.SaveStatus(RunState.Failed, Step, Step, error);

    public void Dispose() => _metrics?.Dispose();

    void LogMetrics()
    {
        var error = _learner.Errors.Mean;
        _learner.Errors.Clear();
        var now = _time.GetTimestamp();
        var rate = (Step - _logged) / Math.Max(_time.GetElapsedTime(_lastLogged, now).TotalSeconds, 1e-9);
        (_lastLogged, _logged) = (now, Step);
        _metrics!.Append(Step, ["td_error"], [error], rate);
        if (!double.IsFinite(error))
            throw new CheckFailedException(string.Create(CultureInfo.InvariantCulture, $"td_error is {error} at step {Step}, expected a finite number. Lower {_config.Algorithm}.discount."));
    }

    PolicyDescription Describe(string name, TabularSolution solution) => new()
    {
        Name = name,
        Algorithm = _config.Algorithm,
        ObservationSpace = _data.Info.ObservationSpace,
        ActionSpace = _data.Info.ActionSpace,
        HasActionMask = _data.Info.HasActionMask,
        Network = TabularPolicyFile.Network(_log.States, _log.Actions),
        Temperature = solution.Temperature,
        Dataset = _data.Info.Dataset,
        ContentHash = _data.Info.ContentHash,
        Environment = _data.Info.Environment,
        Run = _config.Name,
        Seed = _files.Seed,
        Step = Step,
        ToolVersion = OfflineRL.Datasets.ToolVersion.Text,
    };
}
