using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Ingest;

/// <summary>
/// Runs a policy, or a mixture that draws one for each episode, in a batch of instances and hands the episodes on.
/// </summary>
/// <remarks>
/// Episode k has its own environment seed and its own behavior stream, both derived from k alone, and the episodes
/// are handed on by number: what is recorded does not depend on how many instances run side by side.
/// </remarks>
sealed class Recorder
{
    readonly IVectorEnvironment _environment;
    readonly IMaskedEnvironment? _masked;
    readonly IPolicy _policy;
    readonly IPolicyState? _state;
    readonly RandomStream _environmentSeeds, _behavior;
    readonly long _target;
    readonly int _width, _actionWidth, _actions;

    readonly EpisodeBuffer?[] _running;
    readonly RandomStream[] _random;
    readonly bool[] _starts, _terminated, _truncated, _masks;
    readonly float[] _observations, _next, _final, _continuous;
    readonly int[] _discrete;
    readonly double[] _rewards, _logProbabilities, _probabilities;
    readonly Dictionary<long, EpisodeBuffer> _finished = [];
    readonly Stack<EpisodeBuffer> _unused = [];
    long _started, _handedOn, _stepped, _written;

    /// <param name="environment">Not yet reset.</param>
    /// <param name="policy">Its spaces fit the environment's.</param>
    /// <param name="steps">Rows wanted.</param>
    /// <param name="random">The root of all streams of this recording.</param>
    /// <param name="firstEpisode">Number of the first episode, where others were recorded before.</param>
    public Recorder(IVectorEnvironment environment, IPolicy policy, long steps, RandomStream random, long firstEpisode = 0)
    {
        (_environment, _masked, _policy, _target) = (environment, environment as IMaskedEnvironment, policy, steps);
        var count = environment.Count;
        _state = policy.CreateState(count);
        _environmentSeeds = random.Derive("environment");
        _behavior = random.Derive("behavior");
        _width = environment.ObservationSpace.FlatSize;
        _actions = (environment.ActionSpace as DiscreteSpace)?.Count ?? 0;
        _actionWidth = _actions > 0 ? 0 : environment.ActionSpace.FlatSize;

        _running = new EpisodeBuffer?[count];
        _random = new RandomStream[count];
        _starts = new bool[count];
        _terminated = new bool[count];
        _truncated = new bool[count];
        _masks = new bool[_masked is null ? 0 : count * _actions];
        _observations = new float[count * _width];
        _next = new float[count * _width];
        _final = new float[count * _width];
        _continuous = new float[count * _actionWidth];
        _discrete = new int[_actions > 0 ? count : 0];
        _rewards = new double[count];
        _logProbabilities = new double[count];
        _probabilities = new double[count * _actions];
        _started = _handedOn = firstEpisode;
    }

    /// <summary>Takes an episode; its buffer is used again for another one afterwards.</summary>
    public delegate void EpisodeSink(EpisodeBuffer episode);

    /// <summary>Records exactly the steps wanted, and hands episodes on in the order of their numbers.</summary>
    public void Run(EpisodeSink sink, IJobProgress progress, CancellationToken cancellation)
    {
        Begin();
        while (_written < _target)
        {
            cancellation.ThrowIfCancellationRequested();
            Step();
            HandOn(sink);
            progress.Report("recording steps", _written, _target);
        }
    }

    /// <summary>Goes on for some steps of every instance, and hands on the episodes that ended within them, of those the ones with lower numbers first.</summary>
    public void Continue(int steps, EpisodeSink sink)
    {
        if (_running[0] is null)
            Begin();
        for (var step = 0; step < steps; step++)
            Step();
        HandOnFinished(sink);
    }

    /// <summary>Records episodes until each that was begun has ended, and hands all of them on, those with lower numbers first. New ones begin while fewer steps than wanted were taken.</summary>
    public void RunWhole(EpisodeSink sink)
    {
        Begin();
        while (Array.Exists(_running, episode => episode is not null))
            Step();
        HandOnFinished(sink);
    }

    /// <summary>The episode under way in an instance; null before the first.</summary>
    public EpisodeBuffer? Running(int instance) => _running[instance];

    /// <summary>Shows the episodes under way, by instance, as if they were cut here.</summary>
    public void ShowRunning(EpisodeSink sink)
    {
        for (var i = 0; i < _running.Length; i++)
        {
            if (_running[i] is not { Steps: > 0 } episode)
                continue;
            episode.Finish(terminated: false, truncated: true, _observations.AsSpan(i * _width, _width));
            sink(episode);
            episode.Resume();
            episode.Shown = episode.Steps;
        }
    }

    /// <summary>Ends the episodes that are under way, as truncated, and hands them on.</summary>
    public void Cut(EpisodeSink sink)
    {
        for (var i = 0; i < _running.Length; i++)
        {
            if (_running[i] is not { Steps: > 0 } episode)
                continue;
            episode.Finish(terminated: false, truncated: true, _observations.AsSpan(i * _width, _width));
            _finished.Add(episode.Index, episode);
            _running[i] = null;
        }

        HandOnFinished(sink);
    }

    void Begin()
    {
        for (var i = 0; i < _environment.Count; i++)
            Start(i);
    }

    void HandOnFinished(EpisodeSink sink)
    {
        foreach (var index in _finished.Keys.Order())
            HandOn(_finished[index], sink);
        _finished.Clear();
    }

    void Start(int instance)
    {
        var index = _started++;
        var row = _observations.AsSpan(instance * _width, _width);
        _environment.ResetInstance(instance, _environmentSeeds.Derive((ulong)index).NextUInt64(), row);
        _random[instance] = _behavior.Derive((ulong)index);
        _starts[instance] = true;
        if (_unused.TryPop(out var episode))
            episode.Index = index;
        _running[instance] = episode ?? new EpisodeBuffer(_environment.ObservationSpace) { Index = index };
    }

    void Step()
    {
        // After every reset of the step before: these are the masks of the observations that the policy sees.
        _masked?.ActionMasks(_masks);
        _policy.Act(
            new PolicyInput { Count = _environment.Count, Observations = _observations, ActionMasks = _masks, EpisodeStarts = _starts, Random = _random, State = _state },
            new PolicyOutput { Discrete = _discrete, Continuous = _continuous, LogProbabilities = _logProbabilities, Probabilities = _probabilities });
        _environment.Step(
            new ActionBatch { Discrete = _discrete, Continuous = _continuous },
            new StepOutput { Observations = _next, Rewards = _rewards, Terminated = _terminated, Truncated = _truncated, FinalObservations = _final });
        for (var i = 0; i < _running.Length; i++)
        {
            if (_running[i] is { } episode)
                Append(episode, i);
            _starts[i] = false;
        }

        // The new observations come first: starting an episode writes over its row.
        _next.CopyTo(_observations, 0);
        for (var i = 0; i < _running.Length; i++)
        {
            if (_running[i] is { } episode && (_terminated[i] || _truncated[i]))
                Finish(episode, i);
        }
    }

    void Append(EpisodeBuffer episode, int i)
    {
        if (_starts[i])
            episode.BehaviorPolicy = _policy is MixturePolicy mixture ? mixture.Acting(_state!, i).Name : _policy.Name;
        episode.Add(
            _observations.AsSpan(i * _width, _width),
            _masked is null ? [] : _masks.AsSpan(i * _actions, _actions),
            _actions > 0 ? _discrete.AsSpan(i, 1) : [],
            _continuous.AsSpan(i * _actionWidth, _actionWidth),
            _rewards[i],
            _logProbabilities[i],
            _probabilities.AsSpan(i * _actions, _actions));
        _stepped++;
    }

    void Finish(EpisodeBuffer episode, int i)
    {
        episode.Finish(_terminated[i], _truncated[i], _final.AsSpan(i * _width, _width));
        _finished.Add(episode.Index, episode);
        _running[i] = null;
        // Every episode that was started comes before a new one: once they fill the dataset, a new one has no place in it.
        if (_stepped < _target)
            Start(i);
    }

    void HandOn(EpisodeSink sink)
    {
        while (_written < _target && _finished.Remove(_handedOn, out var episode))
        {
            if (_written + episode.Steps > _target)
                episode.CutAt((int)(_target - _written));
            _written += episode.Steps;
            _handedOn++;
            HandOn(episode, sink);
        }
    }

    void HandOn(EpisodeBuffer episode, EpisodeSink sink)
    {
        sink(episode);
        episode.Clear();
        _unused.Push(episode);
    }
}
