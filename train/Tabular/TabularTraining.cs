using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>
/// One seed of a tabular method, in the same folders as any other seed of a run. A step of an incremental method takes <c>batch_size</c> transitions, in the
/// order of their episodes; a planner is done at once. libtorch is not needed.
/// </summary>
sealed class TabularTraining : IDisposable
{
    readonly TrainConfig _config;
    readonly TabularTable.Row _row;
    readonly TabularLog _log;
    readonly ColumnsInfo _dataset;
    readonly SeedFiles _files;
    readonly string _folder;
    readonly ulong _seed;
    readonly IJobProgress _progress;
    readonly TimeProvider _time;

    MetricsLog? _metrics;
    int _step, _steps, _checkpointed;
    long _lastLogged;
    int _lastLoggedStep;

    public TabularTraining(TrainConfig config, TabularTable.Row row, TabularLog log, ColumnsInfo dataset, string runFolder, ulong seed, IJobProgress progress, TimeProvider time)
    {
        (_config, _row, _log, _dataset, _seed, _progress, _time) = (config, row, log, dataset, seed, progress, time);
        _files = new(config, runFolder, seed, progress, time);
        _folder = _files.Folder;
        _steps = config.Steps;
    }

    public SeedResult Run(CancellationToken token)
    {
        var before = SeedStatus.TryRead(_folder);
        // The lock is ours, so whatever is pending here belongs to a process that is gone.
        PendingFolder.Sweep(Checkpoints.FolderOf(_folder), TimeSpan.Zero, _time);
        PendingFolder.Sweep(RunFolder.PoliciesFolder(_folder), TimeSpan.Zero, _time);
        if (before is { State: RunState.Finished })
        {
            _progress.Line($"seed {_seed}: finished already, {before.Step:N0} steps");
            return new SeedResult(_seed, RunState.Finished, before.Step);
        }

        SaveStatus(RunState.Running);
        try
        {
            var isDone = _row is TabularTable.Planner planner ? Plan(planner) : Learn((TabularTable.Incremental)_row, before, token);
            var state = isDone ? RunState.Finished : RunState.Interrupted;
            SaveStatus(state);
            Log($"{(isDone ? "finished" : "interrupted")} at step {_step}");
            return new SeedResult(_seed, state, _step);
        }
        catch (CheckFailedException e)
        {
            // A diverged seed does not take the others with it.
            SaveStatus(RunState.Failed, e.Message);
            Log($"failed: {e.Message}");
            return new SeedResult(_seed, RunState.Failed, _step, e.Message);
        }
        catch (Exception e) when (TrySaveFailure(e))
        {
            throw;
        }
    }

    public void Dispose() => _metrics?.Dispose();

    // ---- planners ----

    bool Plan(TabularTable.Planner planner)
    {
        // A plan that was not finished is made again: it takes less than reading where it stood.
        _files.TakeBackPolicies(_step);
        _metrics = new MetricsLog(Path.Combine(_folder, "metrics.jsonl"), length: 0);
        var start = _time.GetTimestamp();
        var (mdp, policies) = Planning.Load(_log, planner.Section(_config), _dataset.Dataset);
        foreach (var note in mdp.Notes)
            Log(note);
        var result = planner.Solve(_config, _log, mdp, policies);
        (_step, _steps) = (result.Iterations, result.Iterations);
        _metrics.Append(_step, ["return", "residual", "error_bound"], [result.Return, result.Residual, result.ErrorBound], _step / Math.Max(_time.GetElapsedTime(start).TotalSeconds, 1e-9));
        _metrics.Commit();
        EnsureFinite("return", result.Return);
        SavePolicy(result.Solution);
        Log(string.Create(CultureInfo.InvariantCulture, $"{mdp}: return {result.Return:G7} at discount {mdp.Discount}, residual {result.Residual:G2}"));
        return true;
    }

    // ---- incremental methods ----

    // Whether it came to the end.
    bool Learn(TabularTable.Incremental method, SeedStatus? before, CancellationToken token)
    {
        var learner = method.Create(_config, _log);
        var replay = new TabularReplay(_log, RandomStream.Create(_seed, "train/sampler"));
        var starts = Enumerable.Range(0, _log.Episodes).Select(episode => _log[episode, 0].State).CountBy(state => state).ToList();
        Resume(learner, replay, before);
        (_lastLogged, _lastLoggedStep) = (_time.GetTimestamp(), _step);
        while (_step < _steps)
        {
            if (token.IsCancellationRequested)
            {
                if (_checkpointed != _step)
                    SaveCheckpoint(learner, replay);
                return false;
            }

            _step++;
            for (var i = 0; i < _config.BatchSize; i++)
                learner.Learn(replay.Next());
            if (IsDue(_config.LogPeriodSteps))
                LogMetrics(learner, starts);
            // The policy first: a checkpoint of the last step means that all is there.
            if (IsDue(_config.PolicyPeriodSteps))
                SavePolicy(learner.Solution);
            if (IsDue(_config.CheckpointPeriodSteps))
                SaveCheckpoint(learner, replay);
        }

        return true;
    }

    bool IsDue(int period) => _step == _steps || _step % period == 0;

    // Loads the newest checkpoint, and takes back what was written after it by a process that was killed.
    void Resume(ITabularLearner learner, TabularReplay replay, SeedStatus? before)
    {
        var checkpoint = TabularCheckpoint.LoadNewest(_folder, _config.Algorithm, learner, Log);
        _step = _checkpointed = checkpoint?.Step ?? 0;
        if (checkpoint is not null)
        {
            replay.Position = checkpoint.Position;
            foreach (var transition in replay.Before())
                learner.Recall(transition);
        }

        _files.TakeBackPolicies(_step);
        _metrics = new MetricsLog(Path.Combine(_folder, "metrics.jsonl"), checkpoint?.MetricsLength ?? 0);
        if (before is { State: RunState.Running })
            Log($"process {before.Pid} on {before.Host} ended without a word; going on from step {_step}");
        else if (checkpoint is not null)
            Log($"resuming from step {_step}");
    }

    void LogMetrics(ITabularLearner learner, List<KeyValuePair<int, int>> starts)
    {
        var error = learner.Errors.Mean;
        learner.Errors.Clear();
        var value = starts.Sum(start => start.Value * learner.Value(start.Key)) / _log.Episodes;
        var now = _time.GetTimestamp();
        var rate = (_step - _lastLoggedStep) / Math.Max(_time.GetElapsedTime(_lastLogged, now).TotalSeconds, 1e-9);
        (_lastLogged, _lastLoggedStep) = (now, _step);
        _metrics!.Append(_step, ["td_error", "start_value"], [error, value], rate);
        EnsureFinite("td_error", error);
        EnsureFinite("start_value", value);
        _progress.Report($"seed {_seed}", _step, _steps, string.Create(CultureInfo.InvariantCulture, $"td_error {error:G4}"));
    }

    void EnsureFinite(string name, double value)
    {
        if (!double.IsFinite(value))
            throw new CheckFailedException(string.Create(CultureInfo.InvariantCulture, $"{name} is {value} at step {_step}, expected a finite number. Lower {_config.Algorithm}.discount; the rewards of the data may go on for ever."));
    }

    void SaveCheckpoint(ITabularLearner learner, TabularReplay replay)
    {
        TabularCheckpoint.Save(_folder, new TabularCheckpoint
        {
            Algorithm = _config.Algorithm,
            Step = _step,
            Position = replay.Position,
            MetricsLength = _metrics!.Commit(),
        }, learner);
        _checkpointed = _step;
        SaveStatus(RunState.Running);
    }

    // ---- what both write ----

    void SavePolicy(TabularSolution solution)
    {
        using var pending = PendingFolder.Create(StepFolders.PathOf(RunFolder.PoliciesFolder(_folder), _step));
        TabularPolicyFile.Write(pending.FolderPath, solution, _log.States, _log.Actions);
        JsonFiles.Write(Path.Combine(pending.FolderPath, PolicyDescription.FileName), new PolicyDescription
        {
            Name = string.Create(CultureInfo.InvariantCulture, $"{_files.PolicyName}/step-{_step}"),
            Algorithm = _config.Algorithm,
            ObservationSpace = _dataset.ObservationSpace,
            ActionSpace = _dataset.ActionSpace,
            HasActionMask = _dataset.HasActionMask,
            Network = TabularPolicyFile.Network(_log.States, _log.Actions),
            Temperature = solution.Temperature,
            Dataset = _dataset.Dataset,
            ContentHash = _dataset.ContentHash,
            Environment = _dataset.Environment,
            Run = _config.Name,
            Seed = _seed,
            Step = _step,
            ToolVersion = OfflineRL.Datasets.ToolVersion.Text,
        });
        pending.Commit();
    }

    void SaveStatus(RunState state, string? error = null) => _files.SaveStatus(state, _step, _steps, error);

    bool TrySaveFailure(Exception e) => _files.TrySaveFailure(_step, _steps, e);

    void Log(string text) => _files.Log(text);
}
