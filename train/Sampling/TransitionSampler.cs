using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>Uniform draws, with replacement, of transitions from a dataset's columns.</summary>
/// <remarks>
/// Indices are drawn on the host from one <see cref="RandomStream"/>, so the same batches come out wherever the columns
/// lie. The gather writes into buffers that are made once; on a GPU they are pinned, and cross in one copy per type.
/// </remarks>
public sealed unsafe class TransitionSampler : IDisposable
{
    readonly TrainingColumns _columns;
    readonly TransitionIndex _index;
    readonly RandomStream _random;
    readonly Space _space;
    readonly float _discount;
    readonly int _size, _features, _actions;
    readonly BatchBuffer<float> _floats;
    readonly BatchBuffer<long> _longs;
    readonly BatchBuffer<bool>? _masks;

    /// <param name="columns">Discrete actions, observations that are not bytes; outlives the sampler.</param>
    /// <param name="split">The part of the dataset's split to draw from.</param>
    /// <param name="batchSize">B.</param>
    /// <param name="discount">gamma, in [0, 1].</param>
    /// <param name="bootstraps">Whether the learner uses the next observation; rows that lack it are then left out.</param>
    /// <param name="random">Taken over.</param>
    /// <param name="device">Where the batch lies.</param>
    /// <exception cref="UserErrorException">The dataset has another kind of actions or observations, or no transition to draw.</exception>
    public TransitionSampler(TrainingColumns columns, string split, int batchSize, double discount, bool bootstraps, RandomStream random, Device device)
    {
        if (columns.DiscreteActions is null || columns.Info.ActionSpace is not DiscreteSpace actions)
        {
            Throw.User($"Dataset {columns.Info.Dataset} has the action space {columns.Info.ActionSpace}; this algorithm needs discrete actions. Choose another dataset or algorithm.");
            return;
        }

        if (columns.Observations is null)
            Throw.User($"Dataset {columns.Info.Dataset} has the observation space {columns.Info.ObservationSpace}; this algorithm's network takes vectors of floats, or discrete observations. Choose another dataset.");
        _columns = columns;
        _index = new TransitionIndex(columns, split, bootstraps);
        _random = random;
        _space = columns.Info.ObservationSpace;
        _discount = (float)discount;
        _size = batchSize;
        _features = Features.Size(_space);
        _actions = actions.Count;

        _floats = new BatchBuffer<float>((long)batchSize * ((2 * _features) + 2), ScalarType.Float32, device);
        _longs = new BatchBuffer<long>(batchSize, ScalarType.Int64, device);
        if (columns.ActionMasks is not null)
            _masks = new BatchBuffer<bool>(2L * batchSize * _actions, ScalarType.Bool, device);
        long wide = (long)batchSize * _features, mask = (long)batchSize * _actions;
        Batch = new TransitionBatch
        {
            Observations = _floats.View(0, batchSize, _features),
            NextObservations = _floats.View(wide, batchSize, _features),
            Rewards = _floats.View(2 * wide, batchSize),
            Discounts = _floats.View((2 * wide) + batchSize, batchSize),
            Actions = _longs.View(0, batchSize),
            ActionMasks = _masks?.View(0, batchSize, _actions),
            NextActionMasks = _masks?.View(mask, batchSize, _actions),
        };
    }

    /// <summary>Transitions that can be drawn.</summary>
    public int Count => _index.Count;

    /// <summary>Where the newest draw lies.</summary>
    public TransitionBatch Batch { get; }

    /// <summary>The position in the random stream, for checkpoints.</summary>
    public RandomState State
    {
        get => _random.GetState();
        set => _random.SetState(value);
    }

    /// <summary>Draws the next batch into <see cref="Batch"/>.</summary>
    public TransitionBatch Next()
    {
        for (var i = 0; i < _size; i++)
            Gather(i, _index.Row(_random.NextInt(_index.Count)));
        _floats.Upload();
        _longs.Upload();
        _masks?.Upload();
        return Batch;
    }

    public void Dispose()
    {
        Batch.Dispose();
        _floats.Dispose();
        _longs.Dispose();
        _masks?.Dispose();
    }

    void Gather(int i, int row)
    {
        var wide = _size * _features;
        var floats = _floats.Host;
        var terminated = _columns.Terminated.Pointer[row] != 0;
        var episode = _columns.EpisodeIndex.Pointer[row];
        var isLast = row + 1L == _columns.EpisodeFirstRow.Pointer[episode + 1];

        CopyObservation(_columns.Observations!.Pointer + ((long)row * _space.FlatSize), floats + (i * _features));
        var next = floats + wide + (i * _features);
        if (!isLast)
            CopyObservation(_columns.Observations.Pointer + ((row + 1L) * _space.FlatSize), next);
        else if (_columns.FinalObservationKnown.Pointer[episode] != 0)
            CopyObservation(_columns.FinalObservations!.Pointer + ((long)episode * _space.FlatSize), next);
        else
            new Span<float>(next, _features).Clear();

        floats[(2 * wide) + i] = (float)_columns.Rewards.Pointer[row];
        floats[(2 * wide) + _size + i] = DiscountAfter(terminated, _discount);
        _longs.Host[i] = _columns.DiscreteActions!.Pointer[row];
        if (_masks is not null)
            GatherMasks(i, row, isLast);
    }

    // The one place where termination becomes a discount. A time limit is no termination: the future after it still counts.
    static float DiscountAfter(bool terminated, float gamma) => terminated ? 0f : gamma;

    void CopyObservation(float* source, float* destination) =>
        Features.Encode(_space, new ReadOnlySpan<float>(source, _space.FlatSize), new Span<float>(destination, _features));

    void GatherMasks(int i, int row, bool isLast)
    {
        var source = _columns.ActionMasks!.Pointer;
        for (var a = 0; a < _actions; a++)
        {
            _masks!.Host[(i * _actions) + a] = source[((long)row * _actions) + a] != 0;
            _masks.Host[((_size + i) * _actions) + a] = isLast || source[((row + 1L) * _actions) + a] != 0;
        }
    }
}
