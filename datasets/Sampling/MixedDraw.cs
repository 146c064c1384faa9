namespace OfflineRL.Datasets;

/// <summary>What one batch consists of, before any number of it is read.</summary>
public sealed class DrawnBatch
{
    /// <param name="size">B.</param>
    /// <param name="sources">S.</param>
    public DrawnBatch(int size, int sources)
    {
        (Items, Weights, FirstSlots) = (new int[size], new float[size], new int[sources + 1]);
        Weights.AsSpan().Fill(1);
    }

    /// <summary>[B], items of the source that the slot belongs to.</summary>
    public int[] Items { get; }

    /// <summary>[B], how much each counts in the loss; the largest is 1, but where weights are those of the buffer.</summary>
    public float[] Weights { get; }

    /// <summary>[S + 1], the first slot of each source, and B at the end.</summary>
    public int[] FirstSlots { get; }
}

/// <summary>Batches from one dataset or several: every slot of a batch chooses its dataset by weight, and the dataset's own order the item.</summary>
/// <remarks>A batch is a function of its number, and of the errors that were told where an order learns from them.</remarks>
public sealed class MixedDraw
{
    readonly DrawOrder[] _orders;
    readonly double[] _upTo;
    readonly CounterStream _choose;
    readonly bool _divides;

    /// <param name="orders">One a source.</param>
    /// <param name="shares">One a source, positive; they need not sum to 1.</param>
    /// <param name="random">Two keys are taken from it.</param>
    public MixedDraw(IReadOnlyList<DrawOrder> orders, IReadOnlyList<double> shares, RandomStream random)
    {
        if (orders.Count == 0 || orders.Count != shares.Count || shares.Any(share => !(share > 0) || !double.IsFinite(share)))
            throw new ArgumentException($"{orders.Count} sources with the shares {string.Join(", ", shares)}; expected a positive one each.", nameof(shares));
        _orders = [.. orders];
        _divides = Learns && !_orders.Any(order => order.WeighsOverAll);
        (_choose, Pick) = (CounterStream.From(random), CounterStream.From(random));
        _upTo = new double[shares.Count];
        var sum = 0.0;
        for (var s = 0; s < _upTo.Length; s++)
            _upTo[s] = sum += shares[s] / shares.Sum();
    }

    /// <summary>One a source.</summary>
    public IReadOnlyList<DrawOrder> Orders => _orders;

    /// <summary>The numbers that the orders make items of: of batch n, those from n * B on.</summary>
    public CounterStream Pick { get; }

    /// <summary>Whether told errors change what is drawn next: such batches cannot be drawn ahead.</summary>
    public bool Learns => _orders.Any(order => order.Learns);

    /// <summary>Draws batch number <paramref name="batch"/>, from 0.</summary>
    public void Draw(long batch, DrawnBatch into)
    {
        var size = into.Items.Length;
        var first = (ulong)batch * (ulong)size;
        Divide(first, into);
        for (var s = 0; s < _orders.Length; s++)
        {
            var slots = into.FirstSlots[s]..into.FirstSlots[s + 1];
            if (slots.Start.Value == slots.End.Value)
                continue;
            _orders[s].Draw(Pick, first + (ulong)slots.Start.Value, into.Items.AsSpan(slots));
            if (_orders[s].Learns)
                _orders[s].Weigh(into.Items.AsSpan(slots), batch, into.Weights.AsSpan(slots));
        }

        if (_divides)
            DivideByLargest(into.Weights);
    }

    /// <summary>Tells the orders what errors a batch's items had.</summary>
    /// <param name="batch">As drawn.</param>
    /// <param name="errors">[B].</param>
    public void Update(DrawnBatch batch, ReadOnlySpan<float> errors)
    {
        for (var s = 0; s < _orders.Length; s++)
        {
            var slots = batch.FirstSlots[s]..batch.FirstSlots[s + 1];
            _orders[s].Update(batch.Items.AsSpan(slots), errors[slots]);
        }
    }

    // How many slots each source gets: slots of one source lie together.
    void Divide(ulong first, DrawnBatch into)
    {
        var slots = into.FirstSlots;
        if (_orders.Length == 1)
        {
            slots[1] = into.Items.Length;
            return;
        }

        Array.Clear(slots);
        for (var i = 0; i < into.Items.Length; i++)
        {
            var u = _choose.Double(first + (ulong)i);
            var s = 0;
            while (s < _upTo.Length - 1 && u >= _upTo[s])
                s++;
            slots[s + 1]++;
        }

        for (var s = 0; s < _orders.Length; s++)
            slots[s + 1] += slots[s];
    }

    static void DivideByLargest(Span<float> weights)
    {
        var largest = 0f;
        foreach (var weight in weights)
            largest = Math.Max(largest, weight);
        foreach (ref var weight in weights)
            weight /= largest;
    }
}
