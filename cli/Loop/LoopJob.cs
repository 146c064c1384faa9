using System.Globalization;
using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Ingest;
using OfflineRL.Train;

namespace OfflineRL.Cli.Loop;

/// <summary>
/// One seed of a loop: rounds of recording and training over one dataset that grows. At every commit the episodes under way
/// end, and dataset, policy, checkpoint and <c>loop.json</c> are stored, in this order: whatever is newer than
/// <c>loop.json</c> after a death is taken back, and the loop goes on as an unbroken one would have.
/// </summary>
sealed class LoopJob : IDisposable
{
    const string Uniform = "uniform";

    readonly LoopConfig _config;
    readonly TrainConfig _train;
    readonly Workspace _workspace;
    readonly ulong _seed;
    readonly IJobProgress _progress;
    readonly string _folder, _statePath;
    readonly List<LoopCommit> _commits;
    readonly IReadOnlyList<double> _recentReturns;
    readonly ContinuedRecording _recording;
    readonly GrowingDataset _data;
    readonly GrowingFragments? _fragments;
    GrowingTraining? _training;
    RoundLog? _rounds;
    double _returns, _epsilon;
    int _ended, _learned;
    bool _cutting;

    /// <param name="config">Named and checked.</param>
    /// <param name="workspace">Gets datasets and run.</param>
    /// <param name="seed">One of the config's.</param>
    /// <param name="progress">Told of rounds and commits.</param>
    /// <exception cref="UserErrorException">Something in the config does not fit, or what an earlier loop left does not.</exception>
    public LoopJob(LoopConfig config, Workspace workspace, ulong seed, IJobProgress progress)
    {
        (_config, _workspace, _seed, _progress) = (config, workspace, seed, progress);
        _train = GrowingTraining.Fit(config.Training(), config.UpdatesOfRound);
        RequireFit();
        _folder = RunFolder.SeedFolder(Path.Combine(workspace.RunsFolder, config.Name), seed);
        _statePath = Path.Combine(_folder, LoopState.FileName);
        var state = File.Exists(_statePath) ? JsonFiles.Read<LoopState>(_statePath) : new() { Commits = [] };
        (_commits, _recentReturns) = ([.. state.Commits], state.RecentReturns);
        _recording = new(config.Recording(seed));
        try
        {
            if (config.WholeEpisodes && _recording.MaxEpisodeSteps == int.MaxValue)
                throw new UserErrorException($"whole_episodes is true, and episodes of {config.Environment} have no limit of steps: a round might never end. Give them one, as in {config.Environment}?time_limit=1000, or set whole_episodes to false.");
            _data = Open();
            if (config.Fragments)
                _fragments = new(workspace, config.DatasetOf(seed), _recording.Describe(Provenance()), Capacity);
        }
        catch
        {
            _data?.Dispose();
            _recording.Dispose();
            throw;
        }
    }

    /// <summary>The commits so far, the newest last.</summary>
    public IReadOnlyList<LoopCommit> Commits => _commits;

    /// <summary>Whether all rounds are done, and stored.</summary>
    public bool IsFinished => _commits.Count > 0 && _config.Learned(_commits[^1].Rounds, _commits[^1].Steps) >= _config.LearnedLength;

    /// <summary>Goes on to the end.</summary>
    /// <returns>False where it was interrupted: the same again goes on from the newest commit.</returns>
    /// <exception cref="CheckFailedException">The learner diverged.</exception>
    public bool Run(CancellationToken cancellation)
    {
        var round = _commits.Count > 0 ? _commits[^1].Rounds : 0;
        if (round == 0 && _config.WarmupSteps > 0)
            WarmUp();
        if (IsFinished)
        {
            _progress.Line($"seed {_seed}: finished already, {_data.Columns.Steps:N0} steps");
            return true;
        }

        _training = GrowingTraining.Open(_train, _workspace, Lessons, _config.WarmupLength, _seed, round == 0 ? 0 : _commits[^1].Updates, _progress);
        _learned = Lessons.Episodes;
        LoopFolder.Save(_workspace, _config);
        _rounds = new(Path.Combine(_folder, RoundLog.FileName), round, _recentReturns);
        while (!IsFinished)
        {
            using var first = Acting(round);
            _recording.Begin(first.Policy, Name, _data.Columns.Episodes);
            var begin = Learned(round);
            var end = Math.Min(_config.LearnedLength, begin + _config.CommitLength);
            while (Learned(round) < end)
            {
                if (cancellation.IsCancellationRequested)
                {
                    _training.Interrupt();
                    return false;
                }

                Round(round++);
            }

            Commit(round);
        }

        return true;
    }

    public void Dispose()
    {
        _training?.Dispose();
        _rounds?.Dispose();
        _fragments?.Dispose();
        _data.Dispose();
        _recording.Dispose();
    }

    void RequireFit()
    {
        if (_config.WarmupSteps == 0 && !GrowingTraining.ActsUntaught(_train))
            throw new UserErrorException($"warmup_steps is 0, and {_train.Algorithm} learns from transitions that are there before its policy acts; expected at least 1.");
        if (_config.WarmupSteps == 0 && _train.Normalization.Observations != "none")
            throw new UserErrorException($"train.normalization.observations is {_train.Normalization.Observations} and warmup_steps 0: a loop fits it on the warm-up; expected at least 1 step, or none.");
        if (_config.Fragments && _config.WarmupSteps > 0)
            throw new UserErrorException($"fragments is true and warmup_steps {_config.WarmupSteps}; expected 0: the learner's own policy acts from the start.");
        if (_config.Fragments && !GrowingTraining.LearnsFromFragments(_train))
            throw new UserErrorException($"fragments is true, and {_train.Algorithm} with its settings does not learn from pieces of episodes of the newest round: expected train.replay.newest_rounds 1 and frame_stack 1, and a learner with values such as a2c or ppo. Or set whole_episodes.");
        if (GrowingTraining.AssumesOnPolicy(_train) && !((_config.WholeEpisodes || _config.Fragments) && _config is { WarmupSteps: 0, EpsilonFirst: 0, EpsilonLast: 0 }))
            throw new UserErrorException($"{_train.Algorithm} learns from its own policy's newest steps alone: expected whole_episodes or fragments, and warmup_steps, epsilon_first and epsilon_last 0. Configs of its kind lie in train/configs, such as cartpole_reinforce_loop.yaml.");
    }

    void WarmUp()
    {
        var definition = EnvironmentRegistry.Definition(_config.Environment);
        _recording.Begin(BuiltInPolicies.Make(Uniform, definition, EnvironmentRegistry.Resolve(_config.Environment)), Uniform, _data.Columns.Episodes);
        _recording.Record(checked((int)_config.WarmupOfInstance), Append);
        _cutting = true;
        _recording.End(Append);
        _cutting = false;
    }

    void Round(long round)
    {
        _epsilon = _config.EpsilonAt(Learned(round));
        using (var acting = Acting(round))
            Record(acting.Policy);
        Learn(_config.UpdatesAfter(round + 1, Learned(round + 1)));
        if (_config.Instances == 1 && _training!.LearnsOnline)
            _recording.Peek(_training.See);
        _rounds!.End(round + 1, _config.WarmupLength + Learned(round + 1));
        _progress.Report($"seed {_seed}", _config.WarmupLength + Learned(round + 1), _config.WarmupLength + _config.LearnedLength,
            _ended == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"return {_returns / _ended:G4}"));
    }

    void Record(IPolicy policy)
    {
        if (_config.WholeEpisodes)
        {
            _recording.RecordWhole(policy, Name, _data.Columns.Episodes, _config.RoundSteps, Append);
            return;
        }

        _recording.Act(policy);
        if (_fragments is null)
            _recording.Record(_config.StepsOfInstance, Append);
        else
            _recording.RecordFragments(_config.StepsOfInstance, Append, _fragments.Append);
    }

    // Steps after the warm-up that so many rounds have.
    long Learned(long rounds) => _config.Learned(rounds, _data.Columns.Steps);

    void Learn(int steps)
    {
        if (Lessons.Episodes > _learned)
            _training!.Extend();
        _learned = Lessons.Episodes;
        _training!.Advance(steps);
    }

    void Commit(long rounds)
    {
        double? mean = _ended == 0 ? null : _returns / _ended;
        _cutting = true;
        _recording.End(Append);
        _cutting = false;
        Learn(_training!.Step);
        var manifest = _data.Commit(Provenance());
        _fragments?.Name(manifest);
        _training.Save(Learned(rounds) >= _config.LearnedLength ? RunState.Finished : RunState.Running);
        _rounds!.Commit();
        _commits.Add(new()
        {
            Rounds = rounds,
            Steps = manifest.Counts.Steps,
            Episodes = manifest.Counts.Episodes,
            Updates = _training.Step,
            Epsilon = _epsilon,
            MeanReturn = mean,
            Dataset = manifest.FullName,
            ContentHash = manifest.ContentHash,
        });
        JsonFiles.Replace(_statePath, new LoopState { Commits = _commits, RecentReturns = _rounds.Recent });
        (_returns, _ended) = (0, 0);
        _progress.Line(string.Create(CultureInfo.InvariantCulture,
            $"seed {_seed}: {manifest.FullName}, {manifest.Counts.Steps:N0} steps, {_training.Step:N0} updates, epsilon {_commits[^1].Epsilon:G3}, mean return {mean:G4}"));
    }

    // Whole episodes alone say how good the policy is.
    void Append(in EpisodeColumns episode)
    {
        _data.Append(episode);
        if (_cutting || _rounds is null)
            return;
        var sum = 0.0;
        foreach (var reward in episode.Rewards)
            sum += reward;
        (_returns, _ended) = (_returns + sum, _ended + 1);
        _rounds.Add(sum);
    }

    string Name => FormattableString.Invariant($"{_config.Name}/seed-{_seed}");

    SoftPolicy Acting(long round) => new(_training!.Acting(), _config.EpsilonAt(Learned(round)));

    Provenance Provenance() => new() { Command = "loop", Config = Config.ToYaml(_config) };

    GrowingDataset Open()
    {
        if (_commits.Count == 0)
            return GrowingDataset.Create(_workspace, _config.DatasetOf(_seed), _recording.Describe(Provenance()), Capacity);
        var last = _commits[^1];
        var dataset = Dataset.Open(_workspace, last.Dataset);
        if (dataset.Manifest.ContentHash != last.ContentHash)
            throw new UserErrorException($"{_statePath} names {last.Dataset} with content_hash {last.ContentHash}; found {dataset.Manifest.ContentHash}. Restore that version, or start another loop with --name.");
        _progress.Line($"seed {_seed}: going on from {last.Dataset}, {last.Steps:N0} steps");
        return GrowingDataset.Resume(_workspace, dataset, Capacity);
    }

    // What the last round may be longer than asked for: of whole episodes, as long as they last in every instance.
    long Capacity => _config.WarmupLength + (_config.Rounds * _config.RoundLength)
        + (_config.WholeEpisodes ? _config.RoundSteps + ((long)_config.Instances * _recording.MaxEpisodeSteps) : 0);

    // What is learned from.
    TrainingColumns Lessons => _fragments?.Columns ?? _data.Columns;

    // The learner's policy under a round's share of uniform actions; it owns the network.
    sealed class SoftPolicy(LearnedPolicy policy, double epsilon) : IDisposable
    {
        public IPolicy Policy { get; } = epsilon == 0 ? policy : BuiltInPolicies.Soften(policy, epsilon);

        public void Dispose() => policy.Dispose();
    }
}
