namespace OfflineRL.Datasets;

/// <summary>Settings of prioritized replay (Schaul et al. 2016, "Prioritized experience replay").</summary>
public sealed record PriorityOptions
{
    /// <summary>alpha: 0 draws uniformly, 1 in proportion to the errors.</summary>
    public double Exponent { get; init; } = 0.6;

    /// <summary>beta at the first step: how much of the bias the weights in the loss take back, in [0, 1].</summary>
    public double Correction { get; init; } = 0.4;

    /// <summary>beta after <see cref="AnnealSteps"/>.</summary>
    public double FinalCorrection { get; init; } = 1;

    /// <summary>Steps over which beta changes, linearly; at least 1.</summary>
    public long AnnealSteps { get; init; } = 1;

    /// <summary>Added to the size of every error, so that nothing is forgotten; positive.</summary>
    public double Epsilon { get; init; } = 1e-6;

    /// <summary>Whether weights are divided by the largest that any item would have, and not by the largest of the batch, as in the paper's algorithm.</summary>
    public bool WeightsOverAll { get; init; }
}

/// <summary>
/// Items in proportion to priority^alpha: the sizes of their last errors, and for items without one the largest priority seen.
/// Draws are stratified: the i-th of n comes from the i-th of n equal parts of the whole.
/// </summary>
public sealed class PrioritizedOrder : DrawOrder
{
    readonly PriorityOptions _options;
    // Of at least as many items as there are; those beyond have the weight 0.
    SumTree _tree;
    MinTree? _least;
    int _count;

    /// <param name="count">Items.</param>
    /// <param name="options">Checked by the caller.</param>
    public PrioritizedOrder(int count, PriorityOptions options)
    {
        _options = options;
        _count = count;
        _tree = new(count);
        _least = options.WeightsOverAll ? new(count) : null;
        Restore([], 1);
    }

    public override int Count => _count;

    public override bool Learns => true;

    public override bool WeighsOverAll => _least is not null;

    /// <summary>[Count], priority^alpha: with <see cref="Largest"/> all there is to save.</summary>
    public ReadOnlySpan<float> Weights => _tree.Weights[.._count];

    /// <summary>The largest priority^alpha seen, which new items get.</summary>
    public float Largest { get; private set; }

    /// <summary>beta at a step.</summary>
    public double CorrectionAt(long batch) =>
        _options.Correction + ((_options.FinalCorrection - _options.Correction) * Math.Min(1, batch / (double)_options.AnnealSteps));

    /// <summary>Goes on where <see cref="Weights"/> and <see cref="Largest"/> were taken.</summary>
    /// <param name="weights">At most <see cref="Count"/>; items beyond them are new.</param>
    /// <param name="largest">For new items.</param>
    public void Restore(ReadOnlySpan<float> weights, float largest)
    {
        var all = new float[_tree.Count];
        all.AsSpan(0, _count).Fill(largest);
        weights.CopyTo(all);
        SetAll(all);
        Largest = largest;
    }

    /// <inheritdoc/>
    /// <remarks>New items get the largest priority seen.</remarks>
    public override void Grow(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, _count);
        var first = _count;
        _count = count;
        if (count <= _tree.Count)
        {
            for (var item = first; item < count; item++)
                Set(item, Largest);
            return;
        }

        // By half again, so that what is copied stays a small part of what is written.
        var all = new float[(int)Math.Min(count + (count / 2L), Array.MaxLength)];
        _tree.Weights[..first].CopyTo(all);
        all.AsSpan(first, count - first).Fill(Largest);
        _tree = new(all.Length);
        _least = _least is null ? null : new(all.Length);
        SetAll(all);
    }

    public override void Draw(CounterStream random, ulong first, Span<int> items)
    {
        var part = _tree.Total / items.Length;
        for (var i = 0; i < items.Length; i++)
            items[i] = _tree.Find((i + random.Double(first + (ulong)i)) * part);
    }

    /// <inheritdoc/>
    /// <remarks>(N P(i))^-beta; over all items it is divided by the largest there is.</remarks>
    public override void Weigh(ReadOnlySpan<int> items, long batch, Span<float> weights)
    {
        var beta = CorrectionAt(batch);
        var mean = _least is null ? _tree.Total / Count : _least.Least;
        for (var i = 0; i < items.Length; i++)
            weights[i] = (float)Math.Pow(mean / _tree[items[i]], beta);
    }

    public override void Update(ReadOnlySpan<int> items, ReadOnlySpan<float> errors)
    {
        if (items.Length != errors.Length)
            throw new ArgumentException($"{errors.Length} errors for {items.Length} items.", nameof(errors));
        for (var i = 0; i < items.Length; i++)
        {
            // An error beyond float32 means divergence, which the loss reports; here it must not end the tree.
            var size = Math.Min(Math.Abs((double)errors[i]), 1e18) + _options.Epsilon;
            var weight = double.IsNaN(size) ? Largest : (float)Math.Pow(size, _options.Exponent);
            Set(items[i], weight);
            Largest = Math.Max(Largest, weight);
        }
    }

    void Set(int item, float weight)
    {
        _tree.Set(item, weight);
        _least?.Set(item, weight);
    }

    // The least is of what there is: items that are not there yet count as infinite.
    void SetAll(float[] weights)
    {
        _tree.SetAll(weights);
        _least?.SetAll(weights.AsSpan(0, _count));
    }
}
