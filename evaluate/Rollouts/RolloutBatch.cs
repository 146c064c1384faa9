using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Evaluate;

/// <summary>
/// Runs one policy on several tasks at once: every episode is a lane, all lanes go through the policy as one batch, and
/// finished lanes are left out of it.
/// </summary>
/// <remarks>
/// An episode's seeds depend on the run's seed, its task and its number alone, so neither the batch size nor the order
/// of the work changes an outcome, and every policy meets the same starts.
/// </remarks>
static class RolloutBatch
{
    // The three buffers of observations stay below this together, whatever the observation's size.
    const long MaxBufferBytes = 192L << 20;

    // What is kept of episodes that are saved, all lanes together; an episode without a limit is taken for one of so many steps.
    const long MaxSavedBytes = 512L << 20;
    const int LongestSaved = 10_000;

    /// <summary>Takes an episode of a task, whole; its buffer is not used again.</summary>
    public delegate void EpisodeSink(RolloutTask task, EpisodeBuffer episode);

    /// <summary>Outcomes [tasks][episodes].</summary>
    /// <param name="policy">With the tasks' spaces.</param>
    /// <param name="tasks">At least one.</param>
    /// <param name="episodes">For each task.</param>
    /// <param name="seed">Of all randomness.</param>
    /// <param name="discount">Of the discounted returns, 0 to 1.</param>
    /// <param name="batchSize">Lanes at a time, at least 1.</param>
    /// <param name="cancellation">Looked at after every step.</param>
    /// <param name="sink">Takes the steps of every episode, task by task in the order of their numbers; null: they are not kept.</param>
    public static EpisodeOutcome[][] Run(IPolicy policy, IReadOnlyList<RolloutTask> tasks, int episodes, ulong seed, double discount, int batchSize, CancellationToken cancellation, EpisodeSink? sink = null)
    {
        var outcomes = tasks.Select(_ => new EpisodeOutcome[episodes]).ToArray();
        var size = (int)Math.Clamp(MaxBufferBytes / (3L * sizeof(float) * policy.ObservationSpace.FlatSize), 1, batchSize);
        if (sink is not null)
            size = (int)Math.Clamp(MaxSavedBytes / SavedBytes(policy, tasks), 1, size);
        var lanes = (long)tasks.Count * episodes;
        for (var lane = 0L; lane < lanes;)
        {
            var segments = new List<Segment>();
            try
            {
                for (var end = Math.Min(lanes, lane + size); lane < end; lane += segments[^1].Count)
                {
                    var (task, episode) = ((int)(lane / episodes), (int)(lane % episodes));
                    var segment = new Segment(tasks[task], outcomes[task], episode, (int)Math.Min(episodes - episode, end - lane), policy);
                    if (segments.Count > 0 && segments[0].Bounds != segment.Bounds)
                    {
                        // Other bounds are for the next batch.
                        segment.Environment.Dispose();
                        break;
                    }

                    segments.Add(segment);
                }

                var batch = new Lanes(segments[0].Bounds is { } bounds ? new BoundedPolicy(policy, bounds) : policy, segments, seed, discount, sink is not null);
                batch.Run(cancellation);
                if (sink is not null)
                    batch.HandOn(sink);
            }
            finally
            {
                segments.ForEach(segment => segment.Environment.Dispose());
            }
        }

        return outcomes;
    }

    /// <summary>The stream of an episode: its first number seeds the environment, its child "policy" is the policy's.</summary>
    public static RandomStream StreamOf(ulong seed, RolloutTask task, int episode) => StreamOf(seed, task).Derive((ulong)episode);

    static RandomStream StreamOf(ulong seed, RolloutTask task) => RandomStream.Create(seed, "rollout").Derive(task.Identity.ToString());

    static long SavedBytes(IPolicy policy, IReadOnlyList<RolloutTask> tasks)
    {
        var number = policy.ObservationSpace is BoxSpace { ElementType: ElementType.UInt8 } ? sizeof(byte) : sizeof(float);
        var actions = policy.ActionSpace is DiscreteSpace discrete ? discrete.Count * (sizeof(double) + sizeof(bool)) : policy.ActionSpace.FlatSize * sizeof(float);
        var steps = tasks.Max(t => Math.Min(LongestSaved, EnvironmentRegistry.Definition(t.Identity.ToString()).MaxEpisodeSteps));
        return steps * ((long)number * policy.ObservationSpace.FlatSize + actions + (2 * sizeof(double)));
    }

    /// <summary>Adjacent episodes of one task, stepped by one environment.</summary>
    sealed class Segment
    {
        public Segment(RolloutTask task, EpisodeOutcome[] outcomes, int firstEpisode, int count, IPolicy policy)
        {
            (Task, Outcomes, FirstEpisode, Count, Running) = (task, outcomes, firstEpisode, count, count);
            Environment = EnvironmentRegistry.Make(task.Identity.ToString(), count);
            PolicySpaces.RequireFit(policy, Environment.ObservationSpace, Environment.ActionSpace, task.Identity.ToString());
            if (!PolicySpaces.StaysWithin(policy.ActionSpace, Environment.ActionSpace))
                Bounds = (BoxSpace)Environment.ActionSpace;
            Rewards = new double[count];
            Terminated = new bool[count];
            Truncated = new bool[count];
        }

        public RolloutTask Task { get; }

        public IVectorEnvironment Environment { get; }

        /// <summary>The environment where it masks actions, else null.</summary>
        public IMaskedEnvironment? Masked => Environment as IMaskedEnvironment;

        public EpisodeOutcome[] Outcomes { get; }

        public int FirstEpisode { get; }

        public int Count { get; }

        /// <summary>To which actions are cut, since the policy knows wider ones or none: as a log rarely says them; null: nothing is to be cut.</summary>
        public BoxSpace? Bounds { get; }

        /// <summary>Lanes that are not finished.</summary>
        public int Running { get; set; }

        public double[] Rewards { get; }

        public bool[] Terminated { get; }

        public bool[] Truncated { get; }
    }

    /// <summary>The buffers of one batch; lane i of segment s has slot FirstLane(s) + i.</summary>
    sealed class Lanes
    {
        readonly IPolicy _policy;
        readonly List<Segment> _segments;
        readonly int _lanes, _width, _actionWidth, _maskWidth;
        readonly bool _discrete;
        readonly float[] _observations, _final, _dense, _continuous, _denseContinuous;
        readonly int[] _discreteActions, _denseDiscrete, _active;
        readonly RandomStream[] _streams, _denseStreams;
        readonly double[] _logProbabilities, _returns, _discounted;
        readonly bool[] _starts, _idle, _masks, _denseMasks;
        readonly IPolicyState? _state;
        readonly double _discount;
        // Where episodes are saved: one for each lane, what was seen before the step under way, and the distributions that were drawn from.
        readonly EpisodeBuffer[] _episodes;
        readonly float[] _before;
        readonly double[] _probabilities;
        // discount^t of the step under way: all lanes began together.
        double _weight = 1;
        int _activeCount;

        public Lanes(IPolicy policy, List<Segment> segments, ulong seed, double discount, bool saves)
        {
            _discount = discount;
            (_policy, _segments, _lanes, _width) = (policy, segments, segments.Sum(s => s.Count), policy.ObservationSpace.FlatSize);
            _discrete = policy.ActionSpace is DiscreteSpace;
            _actionWidth = _discrete ? 0 : policy.ActionSpace.FlatSize;
            (_observations, _final, _dense) = (new float[_lanes * _width], new float[_lanes * _width], new float[_lanes * _width]);
            (_continuous, _denseContinuous) = (new float[_lanes * _actionWidth], new float[_lanes * _actionWidth]);
            (_discreteActions, _denseDiscrete) = (new int[_discrete ? _lanes : 0], new int[_discrete ? _lanes : 0]);
            (_logProbabilities, _returns, _discounted) = (new double[_lanes], new double[_lanes], new double[_lanes]);
            _maskWidth = segments.Any(s => s.Masked is not null) && policy.ActionSpace is DiscreteSpace actions ? actions.Count : 0;
            (_masks, _denseMasks) = (new bool[_lanes * _maskWidth], new bool[_lanes * _maskWidth]);
            // Environments without masks, among others with, allow everything.
            Array.Fill(_masks, true);
            (_streams, _denseStreams) = (new RandomStream[_lanes], new RandomStream[_lanes]);
            _active = Enumerable.Range(0, _lanes).ToArray();
            _activeCount = _lanes;
            // A policy with memory keeps its lanes where they are; the others see running lanes only.
            _state = policy.CreateState(_lanes);
            (_starts, _idle) = (new bool[_state is null ? 0 : _lanes], new bool[_state is null ? 0 : _lanes]);
            _episodes = saves ? [.. segments.SelectMany(s => Enumerable.Range(s.FirstEpisode, s.Count).Select(k => new EpisodeBuffer(s.Environment.ObservationSpace) { Index = k }))] : [];
            _before = new float[saves ? _observations.Length : 0];
            _probabilities = new double[saves && policy.ActionSpace is DiscreteSpace drawn ? _lanes * drawn.Count : 0];
            Reset(seed);
        }

        public void Run(CancellationToken cancellation)
        {
            Array.Fill(_starts, true);
            for (var step = 1; _activeCount > 0; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                Act();
                Array.Clear(_starts);
                Step();
                Collect(step);
            }
        }

        /// <summary>Gives the episodes that were saved, in the order of the lanes.</summary>
        public void HandOn(EpisodeSink sink)
        {
            var lane = 0;
            foreach (var segment in _segments)
            {
                for (var k = 0; k < segment.Count; k++)
                    sink(segment.Task, _episodes[lane++]);
            }
        }

        void Reset(ulong seed)
        {
            var lane = 0;
            foreach (var segment in _segments)
            {
                var seeds = new ulong[segment.Count];
                var stream = StreamOf(seed, segment.Task);
                for (var i = 0; i < segment.Count; i++)
                {
                    var episode = stream.Derive((ulong)(segment.FirstEpisode + i));
                    seeds[i] = episode.NextUInt64();
                    _streams[lane + i] = episode.Derive("policy");
                }

                segment.Environment.Reset(seeds, _observations.AsSpan(lane * _width, segment.Count * _width));
                lane += segment.Count;
            }
        }

        void Act()
        {
            var count = _state is null ? _activeCount : _lanes;
            var all = count == _lanes;
            ReadMasks();
            if (!all)
            {
                for (var i = 0; i < count; i++)
                {
                    _observations.AsSpan(_active[i] * _width, _width).CopyTo(_dense.AsSpan(i * _width));
                    _masks.AsSpan(_active[i] * _maskWidth, _maskWidth).CopyTo(_denseMasks.AsSpan(i * _maskWidth));
                    _denseStreams[i] = _streams[_active[i]];
                }
            }

            _policy.Act(
                new PolicyInput
                {
                    Count = count,
                    Observations = (all ? _observations : _dense).AsSpan(0, count * _width),
                    ActionMasks = (all ? _masks : _denseMasks).AsSpan(0, count * _maskWidth),
                    Random = (all ? _streams : _denseStreams).AsSpan(0, count),
                    EpisodeStarts = _starts,
                    Idle = _idle,
                    State = _state,
                },
                new PolicyOutput
                {
                    Discrete = (all ? _discreteActions : _denseDiscrete).AsSpan(0, _discrete ? count : 0),
                    Continuous = (all ? _continuous : _denseContinuous).AsSpan(0, count * _actionWidth),
                    LogProbabilities = _logProbabilities.AsSpan(0, count),
                    Probabilities = _probabilities.AsSpan(0, _probabilities.Length / _lanes * count),
                });
            for (var i = 0; !all && i < count; i++)
            {
                if (_discrete)
                    _discreteActions[_active[i]] = _denseDiscrete[i];
                else
                    _denseContinuous.AsSpan(i * _actionWidth, _actionWidth).CopyTo(_continuous.AsSpan(_active[i] * _actionWidth));
            }
        }

        void ReadMasks()
        {
            var lane = 0;
            foreach (var segment in _segments)
            {
                if (segment.Running > 0)
                    segment.Masked?.ActionMasks(_masks.AsSpan(lane * _maskWidth, segment.Count * _maskWidth));
                lane += segment.Count;
            }
        }

        // Row of the policy's output: that of the lane, or its place among those still running.
        void Save(Segment segment, int lane, int k, int row)
        {
            var actions = _probabilities.Length / _lanes;
            _episodes[lane].Add(
                _before.AsSpan(lane * _width, _width),
                _masks.AsSpan(lane * _maskWidth, _maskWidth),
                _discrete ? _discreteActions.AsSpan(lane, 1) : [],
                _continuous.AsSpan(lane * _actionWidth, _actionWidth),
                segment.Rewards[k],
                _logProbabilities[row],
                _probabilities.AsSpan(row * actions, actions));
            if (segment.Terminated[k] || segment.Truncated[k])
                _episodes[lane].Finish(segment.Terminated[k], segment.Truncated[k], _final.AsSpan(lane * _width, _width));
        }

        // Lanes that are finished go on with their last action: stepping them costs less than taking them out.
        void Step()
        {
            if (_episodes.Length > 0)
                _observations.CopyTo(_before, 0);
            var lane = 0;
            foreach (var segment in _segments)
            {
                var (first, count) = (lane, segment.Count);
                lane += count;
                if (segment.Running == 0)
                    continue;
                segment.Environment.Step(
                    new ActionBatch
                    {
                        Discrete = _discrete ? _discreteActions.AsSpan(first, count) : [],
                        Continuous = _continuous.AsSpan(first * _actionWidth, count * _actionWidth),
                    },
                    new StepOutput
                    {
                        Observations = _observations.AsSpan(first * _width, count * _width),
                        Rewards = segment.Rewards,
                        Terminated = segment.Terminated,
                        Truncated = segment.Truncated,
                        FinalObservations = _final.AsSpan(first * _width, count * _width),
                    });
            }
        }

        void Collect(int step)
        {
            var (kept, segmentIndex, first) = (0, 0, 0);
            for (var i = 0; i < _activeCount; i++)
            {
                var lane = _active[i];
                while (lane - first >= _segments[segmentIndex].Count)
                    first += _segments[segmentIndex++].Count;
                var segment = _segments[segmentIndex];
                var k = lane - first;
                if (_episodes.Length > 0)
                    Save(segment, lane, k, _state is null ? i : lane);
                _returns[lane] += segment.Rewards[k];
                _discounted[lane] += _weight * segment.Rewards[k];
                if (segment.Terminated[k] || segment.Truncated[k])
                {
                    var success = segment.Task.Success?.Holds(_returns[lane], step, segment.Terminated[k]);
                    segment.Outcomes[segment.FirstEpisode + k] = new EpisodeOutcome(_returns[lane], step, segment.Terminated[k], segment.Truncated[k], _discounted[lane], success);
                    segment.Running--;
                    if (_idle.Length > 0)
                        _idle[lane] = true;
                }
                else
                {
                    _active[kept++] = lane;
                }
            }

            _activeCount = kept;
            _weight *= _discount;
        }
    }
}
