using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>
/// Batches of whole episodes for a learner: drawn uniformly, with replacement, from each dataset by its share; or all of them at once. Where the data
/// grows, those of the newest rounds alone, if the config says so.
/// </summary>
public sealed class EpisodeReplay : IReplay
{
    readonly EpisodeSelection[] _selections;
    readonly WholeEpisodeReader[] _readers;
    readonly EpisodeMemory _memory;
    readonly MixedDraw _draw;
    readonly DrawnBatch _drawn;
    readonly Device _device;
    readonly int _newestRounds;
    List<long> _rounds = [0];
    EpisodeBatch? _batch;

    /// <param name="data">Outlives the replay, or is held by it.</param>
    /// <param name="settings">What decides the batches.</param>
    /// <param name="random">Two keys are taken from it.</param>
    /// <param name="device">Where the batches lie.</param>
    /// <exception cref="UserErrorException">The dataset has other actions than the learner takes, or none of the propensities that it needs; or order and learner do not fit.</exception>
    public EpisodeReplay(TrainingData data, ReplaySettings settings, RandomStream random, Device device)
    {
        ReplaySources.RequireActions(data.Info, settings.Needs.Actions);
        RequireUniform(settings.Replay);
        if (settings.Needs.BehaviorLogProbabilities)
            RequirePropensities(data);
        (_device, _newestRounds) = (device, settings.Replay.NewestRounds);
        _selections = [.. ReplaySources.Select(data, settings)];
        Fitted = settings.Fitted ?? new(
            Normalization.FitObservations(_selections, settings.Normalization, settings.Replay.FrameStack),
            Normalization.FitRewards(_selections, settings.Normalization));
        _readers = [.. _selections.Select(selection => new WholeEpisodeReader(selection, Encoder, Rewards, settings.Needs.Discount))];
        _memory = new(data.Info, Encoder.Size, settings.Needs.BehaviorLogProbabilities);
        _drawn = new(settings.Needs.Episodes, data.Sources.Count);
        _draw = new([.. _selections.Select(selection => new WindowOrder(selection.Episodes.Length))], [.. data.Sources.Select(source => source.Share)], random);
    }

    /// <inheritdoc/>
    public long Count => _selections.Sum(selection => (long)selection.Episodes.Length);

    /// <inheritdoc/>
    public FittedNormalization Fitted { get; }

    /// <inheritdoc/>
    public ObservationEncoder Encoder => Fitted.Encoder;

    /// <inheritdoc/>
    public RewardTransform Rewards => Fitted.Rewards;

    /// <inheritdoc/>
    public ReplayState State => new() { Batch = Position, RoundStarts = [.. _rounds] };

    long Position { get; set; }

    /// <summary>Draws the next batch.</summary>
    public EpisodeBatch Next()
    {
        if (_drawn.Items.Length == 0)
            return ReadAll();
        _draw.Draw(Position++, _drawn);
        var sources = new int[_drawn.Items.Length];
        for (var s = 0; s < _selections.Length; s++)
            Array.Fill(sources, s, _drawn.FirstSlots[s], _drawn.FirstSlots[s + 1] - _drawn.FirstSlots[s]);
        return Read(sources, _drawn.Items);
    }

    /// <inheritdoc/>
    public void Extend()
    {
        var before = Count;
        for (var s = 0; s < _selections.Length; s++)
        {
            _selections[s].Extend();
            _readers[s].Extend();
            _draw.Orders[s].Grow(_selections[s].Episodes.Length);
        }

        // What is there at first is a round like those that follow.
        if (before > 0 && Count > before)
            _rounds.Add(before);
        ShowRounds();
    }

    IReadOnlyList<NamedTensor> IReplay.SaveTensors() => [];

    IReadOnlyList<NamedTensor> IReplay.EmptyTensors() => [];

    void IReplay.Restore(ReplayState state, IReadOnlyList<NamedTensor> tensors)
    {
        Position = state.Batch;
        // Data that begins anew has none of the rounds that it had.
        _rounds = state.RoundStarts.Count > 0 && state.RoundStarts[^1] <= Count ? [.. state.RoundStarts] : [0];
        ShowRounds();
    }

    public void Dispose()
    {
        _batch?.Dispose();
        _memory.Dispose();
        foreach (var reader in _readers)
            reader.Dispose();
    }

    // The older rounds go on to lie in the dataset, and are not drawn from.
    void ShowRounds()
    {
        if (_newestRounds == 0)
            return;
        if (_rounds.Count > _newestRounds)
            _rounds.RemoveRange(0, _rounds.Count - _newestRounds);
        ((WindowOrder)_draw.Orders[0]).First = (int)_rounds[0];
    }

    EpisodeBatch ReadAll()
    {
        Position++;
        var (sources, items) = (new List<int>(), new List<int>());
        for (var s = 0; s < _selections.Length; s++)
        {
            for (var item = ((WindowOrder)_draw.Orders[s]).First; item < _selections[s].Episodes.Length; item++)
            {
                sources.Add(s);
                items.Add(item);
            }
        }

        return Read([.. sources], [.. items]);
    }

    EpisodeBatch Read(int[] sources, int[] items)
    {
        var starts = new int[items.Length + 1];
        for (var e = 0; e < items.Length; e++)
            starts[e + 1] = checked(starts[e] + _readers[sources[e]].StepsOf(items[e]));
        var target = _memory.Reserve(starts[^1], items.Length);
        var numbers = new int[items.Length];
        for (var e = 0; e < items.Length; e++)
        {
            numbers[e] = _selections[sources[e]].Episodes[items[e]];
            _readers[sources[e]].Read(items[e], target, e, starts[e]);
        }

        _batch?.Dispose();
        return _batch = _memory.Batch(target, _device, starts, sources, numbers);
    }

    static void RequireUniform(ReplayConfig config)
    {
        if (config.Order != "uniform")
            Throw.User($"replay.order is '{config.Order}', and this algorithm draws whole episodes, whose weights would have to know of it; expected uniform. Use replay.top_share to leave the worse episodes out.");
        if (config.Placement == "device")
            Throw.User("replay.placement is 'device', and whole episodes are read from the host; expected auto or host.");
    }

    static void RequirePropensities(TrainingData data)
    {
        foreach (var source in data.Sources)
        {
            var info = source.Columns.Info;
            if (source.Columns.BehaviorLogProbabilities is null)
                Throw.User($"Dataset {info.Dataset} says nothing of how likely its actions were (propensity_source unknown); this algorithm weighs steps by it. Estimate them with 'offlinerl train --algorithm bc --set bc.folds=5' and 'offlinerl ingest propensities', or choose an algorithm that needs none, such as marwil or discrete_cql.");
        }
    }

    // Uniform from a first item on.
    sealed class WindowOrder(int count) : DrawOrder
    {
        int _count = count;

        public int First { get; set; }

        public override int Count => _count;

        public override void Grow(int count) => _count = count;

        public override void Draw(CounterStream random, ulong first, Span<int> items)
        {
            for (var i = 0; i < items.Length; i++)
                items[i] = First + random.Below(first + (ulong)i, _count - First);
        }
    }
}
