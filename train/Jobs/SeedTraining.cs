using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using TorchSharp;

namespace OfflineRL.Train;

/// <summary>The loop of one seed: draw, step, and, at their periods, metrics, policies and checkpoints.</summary>
/// <remarks>
/// Everything that decides the next step lies in the checkpoint: parameters, optimizer, sums of metrics, the sampler's
/// random state, the step. Random streams are derived from the seed and a name, so that a seed's run does not depend on
/// which other seeds are in the job.
/// </remarks>
sealed class SeedTraining : IGrowingSeed
{
    // Enough for a mean, and few enough that measuring costs next to nothing.
    const int MeasuredPerLine = 10;

    readonly TrainConfig _config;
    readonly TrainingData _data;
    readonly SeedFiles _files;
    readonly string _folder;
    readonly ulong _seed;
    readonly IJobProgress _progress;
    readonly TimeProvider _time;
    readonly Lessons _lessons;
    readonly IReplay _replay;
    readonly ILearner _learner;
    readonly ActionUnits? _units;
    ValueGuard? _guard;
    readonly HeldOutScore? _heldOut;
    readonly ModelFiles? _model;
    readonly string[] _metricNames;
    readonly double[] _means;
    readonly double[] _sums;
    readonly int _measurePeriod;

    MetricsLog? _metrics;
    int _step, _checkpointed;
    bool _grows;
    long _lastLogged;
    int _lastLoggedStep;

    public SeedTraining(TrainConfig config, TrainingData data, string runFolder, ulong seed, torch.Device device, IJobProgress progress, TimeProvider time, FirstData? first = null)
    {
        _config = config;
        _data = data;
        _files = new(config, runFolder, seed, progress, time);
        _folder = _files.Folder;
        _seed = seed;
        _progress = progress;
        _time = time;
        _lessons = LessonsOf(config, data, seed, device, first);
        _replay = _lessons.Replay;
        var info = first?.Describe(data.Info) ?? data.Info;
        _units = TrainJob.Units(config, info);
        _learner = TrainJob.Learner(config, info, _replay.Encoder, RandomStream.Create(seed, "train/init"), device);
        MakeGuard();
        // Snapshots compare on the same transitions or not at all.
        _heldOut = first is null ? HeldOutScore.Create(config, data, _replay.Fitted, seed, device) : null;
        if (_learner is IModelLearner model)
            _model = new ModelFiles(config, data, model, _replay.Fitted, _files, device);
        _metricNames = _guard is null ? [.. _learner.MetricNames] : [.. _learner.MetricNames, "value_ratio"];
        _means = new double[_metricNames.Length];
        _sums = new double[_learner.MetricNames.Count + 1];
        _measurePeriod = Math.Max(1, config.LogPeriodSteps / MeasuredPerLine);
    }

    /// <summary>What a seed learns from; making it checks that the dataset fits the algorithm.</summary>
    public static Lessons LessonsOf(TrainConfig config, TrainingData data, ulong seed, torch.Device device, FirstData? first = null) =>
        Lessons.Of(data, Settings(config) with { Fold = Folds.LearnedFrom(config, seed), Fitted = first?.Fitted }, RandomStream.Create(seed, "train/sampler"), device);

    /// <summary>What the config says of replay.</summary>
    public static ReplaySettings Settings(TrainConfig config) => new()
    {
        Needs = AlgorithmTable.Of(config).Section(config).Needs,
        BatchSize = config.BatchSize,
        Split = config.Split,
        Steps = config.Steps,
        Replay = config.Replay,
        Normalization = config.Normalization,
    };

    /// <summary>What is to be said of the propensities that a run weighs steps by.</summary>
    public static IEnumerable<string> PropensityNotes(TrainConfig config, TrainingData data) => !Settings(config).Needs.BehaviorLogProbabilities
        ? [] : data.Sources.Select(source => PropensityFit.Note(source.Columns.Info)).OfType<string>();

    /// <summary>Gradient steps done.</summary>
    public int Step => _step;

    public SeedResult Run(CancellationToken token)
    {
        var before = SeedStatus.TryRead(_folder);
        Resume(before);
        if (_step == _config.Steps)
        {
            if (before?.State != RunState.Finished)
                SaveStatus(RunState.Finished);
            _progress.Line($"seed {_seed}: finished already, {_step:N0} steps");
            return new SeedResult(_seed, RunState.Finished, _step);
        }

        foreach (var note in PropensityNotes(_config, _data))
            Log(note);
        SaveStatus(RunState.Running);
        try
        {
            var state = Train(token) ? RunState.Finished : RunState.Interrupted;
            SaveStatus(state);
            Log($"{(state == RunState.Finished ? "finished" : "interrupted")} at step {_step}");
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

    public void Dispose()
    {
        _metrics?.Dispose();
        _heldOut?.Dispose();
        _model?.Dispose();
        _learner.Dispose();
        _lessons.Dispose();
    }

    // Whether it came to the end.
    bool Train(CancellationToken token)
    {
        (_lastLogged, _lastLoggedStep) = (_time.GetTimestamp(), _step);
        while (_step < _config.Steps)
        {
            if (token.IsCancellationRequested)
            {
                if (_checkpointed != _step)
                    SaveCheckpoint();
                return false;
            }

            TakeStep();
            // The policy first: a checkpoint of the last step means that all is there.
            if (IsDue(_config.PolicyPeriodSteps))
                SavePolicy();
            if (IsDue(_config.CheckpointPeriodSteps))
                SaveCheckpoint();
        }

        return true;
    }

    void TakeStep()
    {
        SetLimits();
        _step++;
        _lessons.Step(_learner, measure: IsDue(_config.LogPeriodSteps) || _step % _measurePeriod == 0);
        if ((_learner as IModelLearner)?.TakeNotice() is { } notice)
            Log($"step {_step}: {notice}");
        if (IsDue(_config.LogPeriodSteps))
            LogMetrics();
    }

    // Part of the learner's state from here on, so that a resumed seed dreams by the same.
    void SetLimits()
    {
        if (_learner is not IModelLearner { NeedsLimits: true } dreaming || _model!.ChooseLimits(_step) is not { } limits)
            return;
        dreaming.Limits = limits;
        Log(string.Create(CultureInfo.InvariantCulture, $"step {_step}: dreams go {limits.Horizon} steps, a unit of disagreement costs {limits.Penalty:G4}{(limits.Threshold is { } threshold ? $", and above {threshold:G4} a dream is cut" : "")}"));
    }

    // ---- where the data grows between steps ----

    /// <summary>Goes on from the newest checkpoint, if there is one.</summary>
    public void Begin()
    {
        _grows = true;
        Resume(SeedStatus.TryRead(_folder));
        (_lastLogged, _lastLoggedStep) = (_time.GetTimestamp(), _step);
        SaveStatus(_step == _config.Steps ? RunState.Finished : RunState.Running);
    }

    /// <summary>Takes in what was appended to the data.</summary>
    public void Extend() => _replay.Extend();

    /// <summary>Steps until so many are done.</summary>
    /// <exception cref="CheckFailedException">The learner diverged.</exception>
    public void Advance(int to)
    {
        while (_step < to)
            TakeStep();
    }

    /// <summary>What the learner would do now: a copy, the caller's.</summary>
    public LearnedPolicy Acting()
    {
        using var scope = torch.NewDisposeScope();
        return LearnedPolicy.Of(Describe(_files.PolicyName), PolicyTensors());
    }

    /// <summary>Stores policy and checkpoint. The data was committed just before, so that both name what they are of.</summary>
    public void Save(RunState state)
    {
        MakeGuard();
        SavePolicy();
        SaveCheckpoint();
        SaveStatus(state);
    }

    /// <summary>Says in the status that it was interrupted.</summary>
    public void Interrupt() => SaveStatus(RunState.Interrupted);

    /// <summary>Says in the status why it ended.</summary>
    public void Fail(string error)
    {
        SaveStatus(RunState.Failed, error);
        Log($"failed: {error}");
    }

    bool IsDue(int period) => _step == _config.Steps || _step % period == 0;

    // Loads the newest checkpoint, and takes back what was written after it by a process that was killed.
    void Resume(SeedStatus? before)
    {
        // The lock is ours, so whatever is pending here belongs to a process that is gone.
        PendingFolder.Sweep(Checkpoints.FolderOf(_folder), TimeSpan.Zero, _time);
        PendingFolder.Sweep(RunFolder.PoliciesFolder(_folder), TimeSpan.Zero, _time);
        var checkpoint = Checkpoints.LoadNewest(_folder, _config.Algorithm, _learner, _replay, Log);
        _step = _checkpointed = checkpoint?.Step ?? 0;
        _files.TakeBackPolicies(_step);
        _model?.TakeBack(_step);
        RunFolder.SaveBest(_folder);
        _metrics = new MetricsLog(Path.Combine(_folder, "metrics.jsonl"), checkpoint?.MetricsLength ?? 0);
        if (before is { State: RunState.Running })
            Log($"process {before.Pid} on {before.Host} ended without a word; going on from step {_step}");
        else if (checkpoint is not null && _step < _config.Steps)
            Log($"resuming from step {_step}");
    }

    void LogMetrics()
    {
        ReadMeans();
        using (torch.NewDisposeScope())
            _learner.MetricSums.zero_();
        var now = _time.GetTimestamp();
        var rate = (_step - _lastLoggedStep) / Math.Max(_time.GetElapsedTime(_lastLogged, now).TotalSeconds, 1e-9);
        (_lastLogged, _lastLoggedStep) = (now, _step);
        _metrics!.Append(_step, _metricNames, _means, rate);
        EnsureFinite();
        Guard();
        if ((_learner as IEpisodeLearner)?.Remark(_means) is { } remark)
            Log(string.Create(CultureInfo.InvariantCulture, $"step {_step}: {remark}"));
        if ((_learner as IEpisodeLearner)?.EndsBecause(_means) is { } reason)
            EndEarly(reason);
        // In a loop the rounds are what goes on.
        if (!_grows)
            _progress.Report($"seed {_seed}", _step, _config.Steps, string.Create(CultureInfo.InvariantCulture, $"{_learner.MetricNames[0]} {_means[0]:G4}"));
    }

    // What was learned stays: the learner says why it ends after it went back to the policy that it stands by.
    [DoesNotReturn]
    void EndEarly(string reason)
    {
        if (!_grows)
            SavePolicy();
        throw new CheckFailedException(string.Create(CultureInfo.InvariantCulture, $"training ended at step {_step}: {reason}"));
    }

    // Means over the measured steps since the line before. A checkpoint between lines keeps the sums, so resuming changes none.
    void ReadMeans()
    {
        using var scope = torch.NewDisposeScope();
        _learner.MetricSums.cpu().data<double>().CopyTo(_sums);
        for (var i = 0; i < _sums.Length - 1; i++)
            _means[i] = _sums[^1] == 0 ? 0 : _sums[i] / _sums[^1];
        if (_guard is not null)
            _means[^1] = _guard.Ratio(_means);
    }

    // Not finite is the end; merely too large is said, and the end where the config wants it.
    void Guard()
    {
        if (_guard?.Look(_means) is not { } found)
            return;
        if (_config.Guard.Stop)
            throw new CheckFailedException(string.Create(CultureInfo.InvariantCulture, $"training diverged at step {_step}: {found}. Lower {_config.Algorithm}.learning_rate, or target_rate where the algorithm has one, or choose a learner that stays near the data."));
        Log(string.Create(CultureInfo.InvariantCulture, $"warning at step {_step}: {found}"));
    }

    void EnsureFinite()
    {
        for (var i = 0; i < _means.Length; i++)
        {
            if (!double.IsFinite(_means[i]))
            {
                throw new CheckFailedException(string.Create(CultureInfo.InvariantCulture,
                    $"training diverged: {_metricNames[i]} is {_means[i]} at step {_step}, expected a finite number. Lower {_config.Algorithm}.learning_rate or {_config.Algorithm}.max_gradient_norm; {Path.Combine(_folder, "metrics.jsonl")} shows how it came to it."));
            }
        }
    }

    void SavePolicy()
    {
        ReadMeans();
        EnsureFinite();
        var heldOutError = _heldOut?.Of(_learner) is { } error && double.IsFinite(error) ? error : (double?)null;
        _model?.Save(_step, heldOutError);
        if (_learner is IModelLearner { HasPolicy: false })
            return;
        var parent = RunFolder.PoliciesFolder(_folder);
        using var pending = PendingFolder.Create(StepFolders.PathOf(parent, _step));
        TensorFile.Write(Path.Combine(pending.FolderPath, PolicyDescription.WeightsFileName), PolicyTensors());
        var description = Describe(string.Create(CultureInfo.InvariantCulture, $"{_files.PolicyName}/step-{_step}"));
        JsonFiles.Write(Path.Combine(pending.FolderPath, PolicyDescription.FileName), description with { HeldOutError = heldOutError });
        pending.Commit();
        RunFolder.SaveBest(_folder);
    }

    // Actions are taken without noise, so its scales are left out.
    IReadOnlyList<NamedTensor> PolicyTensors() =>
    [
        .. _learner.PolicyNetwork.NamedTensors(withNoise: false),
        .. _learner.PolicyFilter?.Network.NamedTensors(ImitationFilter.Prefix, withNoise: false) ?? [],
        .. EncoderDescription.Tensors(_replay.Encoder),
        .. (_learner.PolicyLatent?.Tensors ?? []).Select(tensor => tensor with { Name = LatentDescription.Prefix + tensor.Name }),
    ];

    PolicyDescription Describe(string name) => new()
    {
        Name = name,
        Algorithm = _config.Algorithm,
        ObservationSpace = _data.Info.ObservationSpace,
        ActionSpace = _data.Info.ActionSpace,
        HasActionMask = _data.Info.HasActionMask,
        Network = _learner.PolicyNetwork.Description,
        Filter = _learner.PolicyFilter is { } filter ? new ImitationFilter(filter.Network.Description, filter.Threshold) : null,
        ActionUnits = _units,
        ActionHead = _units is null ? null : AlgorithmTable.Of(_config).Section(_config).ActionDistribution,
        Encoder = EncoderDescription.Of(_replay.Encoder),
        Latent = _learner.PolicyLatent?.Description,
        RewardTransform = _replay.Rewards == RewardTransform.Identity ? null : _replay.Rewards,
        PropensitySource = PropensitySource(),
        Temperature = _learner.PolicyTemperature,
        Dataset = _data.Info.Dataset,
        ContentHash = _data.Info.ContentHash,
        Environment = _data.Info.Environment,
        Run = _config.Name,
        Seed = _seed,
        Step = _step,
        ToolVersion = OfflineRL.Datasets.ToolVersion.Text,
    };

    PropensitySource? PropensitySource() => !Settings(_config).Needs.BehaviorLogProbabilities ? null
        : _data.Sources.Any(source => source.Columns.Info.PropensitySource == Datasets.PropensitySource.Estimated) ? Datasets.PropensitySource.Estimated : Datasets.PropensitySource.Logged;

    void MakeGuard()
    {
        var settings = Settings(_config);
        // In a loop the policy soon earns what no episode before it did.
        var watches = (settings.Needs.Bootstraps && _learner is not IModelLearner { HasPolicy: false }) || (settings.Needs.WholeEpisodes && ValueGuard.Watches(_learner.MetricNames) && !_data.Sources.Any(source => source.Columns.IsGrowing));
        if (watches)
            _guard = new ValueGuard(ReturnRange.Of(_data, settings), _config.Guard.ValueLimit, _learner.MetricNames);
    }

    void SaveCheckpoint()
    {
        ReadMeans();
        EnsureFinite();
        Checkpoints.Save(_folder, _config.Algorithm, _step, _learner, _replay, _metrics!.Commit());
        _checkpointed = _step;
        SaveStatus(RunState.Running);
    }

    void SaveStatus(RunState state, string? error = null) => _files.SaveStatus(state, _step, _config.Steps, error);

    bool TrySaveFailure(Exception e) => _files.TrySaveFailure(_step, _config.Steps, e);

    void Log(string text) => _files.Log(text);
}
