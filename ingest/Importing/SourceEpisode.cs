using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// One episode as the source has it: T rows as columns over arrays that grow. Rows come in runs; where a run holds anything that is not plainly
/// right it is gone through row by row, so that the first fault is found and named. The buffers are kept from one episode to the next.
/// </summary>
sealed partial class SourceEpisode(ImportPlan plan)
{
    readonly RowBuffer<float> _observations = new();
    readonly RowBuffer<float> _next = new();
    readonly RowBuffer<byte> _images = new();
    readonly RowBuffer<byte> _nextImages = new();
    readonly RowBuffer<bool> _nextKnown = new();
    readonly RowBuffer<int> _discrete = new();
    readonly RowBuffer<float> _continuous = new();
    readonly RowBuffer<double> _rewards = new();
    readonly RowBuffer<bool> _terminated = new();
    readonly RowBuffer<bool> _truncated = new();
    readonly RowBuffer<bool> _done = new();
    readonly RowBuffer<double> _logProbabilities = new();
    readonly RowBuffer<double> _probabilities = new();
    readonly RowBuffer<bool> _masks = new();
    readonly RowBuffer<float> _features = new();
    readonly RowBuffer<long> _times = new();
    readonly RowBuffer<double>[] _info = [.. plan.Info.Select(_ => new RowBuffer<double>())];
    readonly RowBuffer<string?>[] _infoText = [.. plan.InfoText.Select(_ => new RowBuffer<string?>())];
    readonly RowBuffer<long> _positions = new();
    readonly List<int> _breaks = [];
    readonly List<(RowFault Fault, int Row)> _doubts = [];

    public ImportPlan Plan => plan;

    /// <summary>Rows so far.</summary>
    public int Steps => _positions.Count;

    /// <summary>What the source calls the episode; null: nothing.</summary>
    public string? Id { get; private set; }

    public string? SplitKey { get; private set; }

    /// <summary>The policy that the source names; null: it names none.</summary>
    public string? BehaviorPolicy { get; private set; }

    /// <summary>What the source counts steps from; null: it does not say.</summary>
    public double? FirstStep { get; private set; }

    /// <summary>Whether the last row that came, taken or not, has an end flag.</summary>
    public bool Ended { get; private set; }

    /// <summary>[T, D]; empty where observations are images.</summary>
    public ReadOnlySpan<float> Observations => _observations.Span;

    /// <summary>[T, D]; zeros where <see cref="NextKnown"/> is false; empty: the map has none.</summary>
    public ReadOnlySpan<float> NextObservations => _next.Span;

    /// <summary>[T, D] unsigned bytes; empty where observations are numbers.</summary>
    public ReadOnlySpan<byte> Images => _images.Span;

    /// <summary>As <see cref="NextObservations"/>, of images.</summary>
    public ReadOnlySpan<byte> NextImages => _nextImages.Span;

    /// <summary>[T]; empty: the map has no next observations.</summary>
    public ReadOnlySpan<bool> NextKnown => _nextKnown.Span;

    /// <summary>[T]; empty where actions are continuous.</summary>
    public ReadOnlySpan<int> DiscreteActions => _discrete.Span;

    /// <summary>[T, A]; empty where actions are discrete.</summary>
    public ReadOnlySpan<float> ContinuousActions => _continuous.Span;

    /// <summary>[T].</summary>
    public ReadOnlySpan<double> Rewards => _rewards.Span;

    /// <summary>[T], the flags of every row; false where the map has none.</summary>
    public ReadOnlySpan<bool> Terminated => _terminated.Span;

    /// <summary>As <see cref="Terminated"/>.</summary>
    public ReadOnlySpan<bool> Truncated => _truncated.Span;

    /// <summary>As <see cref="Terminated"/>: flags that mix both.</summary>
    public ReadOnlySpan<bool> Done => _done.Span;

    /// <summary>[T], of the action taken; NaN: unknown; empty: none.</summary>
    public ReadOnlySpan<double> LogProbabilities => _logProbabilities.Span;

    /// <summary>[T, A]; empty: none.</summary>
    public ReadOnlySpan<double> Probabilities => _probabilities.Span;

    /// <summary>[T, A]; empty: none.</summary>
    public ReadOnlySpan<bool> Masks => _masks.Span;

    /// <summary>[T, A * F], the features of every action; empty: none.</summary>
    public ReadOnlySpan<float> ActionFeatures => _features.Span;

    /// <summary>[T], microseconds since 1970 UTC; empty: none.</summary>
    public ReadOnlySpan<long> Times => _times.Span;

    /// <summary>[T] or [T, width] of the plan's field of that number.</summary>
    public ReadOnlySpan<double> Info(int field) => _info[field].Span;

    /// <summary>[T] of the plan's field of that number.</summary>
    public ReadOnlySpan<string?> InfoText(int field) => _infoText[field].Span;

    /// <summary>[T], where each row stands, from 1 over all files; <see cref="SourceRows"/> makes file and row of it.</summary>
    public ReadOnlySpan<long> Positions => _positions.Span;

    /// <summary>Rows at which the episode is cut in any case, since what stood before them was not taken.</summary>
    public IReadOnlyList<int> Breaks => _breaks;

    /// <summary>What is wrong with rows that are kept all the same, since they can be stored without it.</summary>
    public IReadOnlyList<(RowFault Fault, int Row)> Doubts => _doubts;

    /// <summary>Empties it for the next episode.</summary>
    /// <param name="id">What the source calls it.</param>
    /// <param name="firstStep">What the source's other episodes count from; null: this is the first one, from 0 or 1.</param>
    public void Begin(string? id, double? firstStep)
    {
        Truncate(0);
        _breaks.Clear();
        (Id, FirstStep, SplitKey, BehaviorPolicy, Ended, _lastStep) = (id, firstStep, null, null, false, null);
    }

    /// <summary>
    /// The last row of every piece: where the observation that followed a step is not the next row's, the rows do not
    /// follow one another and the episode is cut.
    /// </summary>
    public List<int> PieceEnds()
    {
        var ends = new List<int>();
        var width = plan.Observation.Width;
        var images = plan.ObservationsAreBytes;
        var compare = plan.NextObservation is not null && Steps > 1
            && !(images ? _nextImages.Span[..^width].SequenceEqual(_images.Span[width..]) : _next.Span[..^width].SequenceEqual(_observations.Span[width..]));
        var breaks = 0;
        for (var t = 0; (compare || breaks < _breaks.Count) && t < Steps - 1; t++)
        {
            while (breaks < _breaks.Count && _breaks[breaks] <= t)
                breaks++;
            if ((breaks < _breaks.Count && _breaks[breaks] == t + 1)
                || (compare && _nextKnown.Span[t] && !(images
                    ? _nextImages.Span.Slice(t * width, width).SequenceEqual(_images.Span.Slice((t + 1) * width, width))
                    : Aligned(_next.Span.Slice(t * width, width), _observations.Span.Slice((t + 1) * width, width)))))
                ends.Add(t);
        }

        ends.Add(Steps - 1);
        return ends;
    }

    /// <summary>Rows <paramref name="first"/> to <paramref name="last"/> as an episode of a dataset.</summary>
    public EpisodeColumns ToColumns(int first, int last, bool terminated, string key, EnvironmentIdentity? environment, string file, Span<InfoValues> info)
    {
        var count = last - first + 1;
        for (var i = 0; i < _info.Length; i++)
        {
            var width = _info[i].Count / Steps;
            info[i] = InfoValues.Of(_info[i].Memory(first * width, count * width));
        }

        for (var i = 0; i < _infoText.Length; i++)
            info[_info.Length + i] = InfoValues.Of(_infoText[i].Memory(first, count));
        var numbers = plan.Observation.Width;
        var known = plan.NextObservation is not null && plan.Config.NextObservationReal && _nextKnown.Span[last];
        return new EpisodeColumns
        {
            Key = key,
            SplitKey = SplitKey,
            BehaviorPolicy = BehaviorPolicy ?? plan.Config.BehaviorPolicy,
            Environment = environment,
            SourceFile = file,
            Observations = Rows(_observations, first, count),
            ObservationBytes = Rows(_images, first, count),
            DiscreteActions = Rows(_discrete, first, count),
            ContinuousActions = Rows(_continuous, first, count),
            Rewards = Rows(_rewards, first, count),
            Terminated = terminated,
            Truncated = !terminated,
            FinalObservation = known && !plan.ObservationsAreBytes ? _next.Span.Slice(last * numbers, numbers) : [],
            FinalObservationBytes = known && plan.ObservationsAreBytes ? _nextImages.Span.Slice(last * numbers, numbers) : [],
            BehaviorLogProbabilities = Rows(_logProbabilities, first, count),
            BehaviorProbabilities = Rows(_probabilities, first, count),
            ActionMasks = Rows(_masks, first, count),
            ActionFeatures = Rows(_features, first, count),
            TimestampMicros = Rows(_times, first, count),
            Info = info,
        };
    }

    Span<T> Rows<T>(RowBuffer<T> column, int first, int count)
    {
        var width = column.Count / Steps;
        return column.Span.Slice(first * width, count * width);
    }

    bool Aligned(ReadOnlySpan<float> next, ReadOnlySpan<float> observation)
    {
        for (var i = 0; i < next.Length; i++)
        {
            if (Math.Abs((double)next[i] - observation[i]) > plan.Config.AlignmentTolerance * Math.Max(1, Math.Abs(observation[i])))
                return false;
        }

        return true;
    }

    /// <summary>Keeps the first rows alone.</summary>
    void Truncate(int rows)
    {
        Cut(_observations, plan.Observation.Width);
        Cut(_next, plan.NextObservation?.Width ?? 0);
        Cut(_images, plan.Observation.Width);
        Cut(_nextImages, plan.Observation.Width);
        Cut(_nextKnown, 1);
        Cut(_discrete, 1);
        Cut(_continuous, plan.Action.Width);
        Cut(_rewards, 1);
        Cut(_terminated, 1);
        Cut(_truncated, 1);
        Cut(_done, 1);
        Cut(_logProbabilities, 1);
        Cut(_probabilities, plan.ActionCount);
        Cut(_masks, plan.ActionCount);
        Cut(_features, plan.Features?.Width ?? 0);
        Cut(_times, 1);
        for (var i = 0; i < _info.Length; i++)
            Cut(_info[i], Math.Max(1, plan.Info[i].Width));
        foreach (var texts in _infoText)
            Cut(texts, 1);
        Cut(_positions, 1);
        _doubts.RemoveAll(d => d.Row >= rows);

        void Cut<T>(RowBuffer<T> column, int width) => column.Truncate(rows * width);
    }
}
